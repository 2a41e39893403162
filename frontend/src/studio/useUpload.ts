import { useCallback, useEffect, useRef, useState } from "react";

import type { Asset, AssetKind } from "../api/types";
import type { UploadOptions } from "../core/api";
import { api } from "../core/client";
import { isAbort, messageOf } from "../core/errors";
import { bytes } from "../core/format";
import { useLimits } from "../shell/session";

export type UploadState =
  | { step: "idle" }
  | { step: "sending"; name: string; fraction: number }
  | { step: "failed"; name: string; message: string };

type Put<T> = (file: Blob, name: string, options: UploadOptions) => Promise<T>;

export interface Upload {
  state: UploadState;
  send: (file: Blob, name: string) => void;
  cancel: () => void;
  /** Sends the same file once more. */
  again: () => void;
}

export function useUpload(kind: AssetKind, onDone: (asset: Asset) => void): Upload {
  const put = useCallback<Put<Asset>>((file, name, options) => api.uploadAsset(file, name, kind, options), [kind]);
  return useSending(put, onDone);
}

/** Sends one file at a time by `put`, which must stay the same function. */
export function useSending<T>(put: Put<T>, onDone: (answer: T) => void): Upload {
  const [state, setState] = useState<UploadState>({ step: "idle" });
  const running = useRef<AbortController>(null);
  const last = useRef<{ file: Blob; name: string }>(null);
  const done = useRef(onDone);
  useEffect(() => {
    done.current = onDone;
  }, [onDone]);
  const limit = useLimits().upload_bytes;

  const send = useCallback(
    (file: Blob, name: string) => {
      running.current?.abort();
      last.current = { file, name };
      if (file.size > limit) {
        const message = `This file is ${bytes(file.size)}; the limit here is ${bytes(limit)}. Choose a smaller one.`;
        return setState({ step: "failed", name, message });
      }
      const controller = new AbortController();
      running.current = controller;
      setState({ step: "sending", name, fraction: 0 });
      const onProgress = (fraction: number) => {
        if (running.current === controller) setState({ step: "sending", name, fraction });
      };
      put(file, name, { onProgress, signal: controller.signal }).then(
        (answer) => {
          if (running.current !== controller) return;
          setState({ step: "idle" });
          done.current(answer);
        },
        (error: unknown) => {
          if (running.current !== controller) return;
          setState(isAbort(error) ? { step: "idle" } : { step: "failed", name, message: messageOf(error) });
        },
      );
    },
    [put, limit],
  );
  const cancel = useCallback(() => {
    running.current?.abort();
    running.current = null;
    setState({ step: "idle" });
  }, []);
  const again = useCallback(() => {
    if (last.current) send(last.current.file, last.current.name);
  }, [send]);
  return { state, send, cancel, again };
}
