import { useCallback, useRef, useState } from "react";

import type { Asset } from "../api/types";
import { api } from "../core/client";
import { messageOf } from "../core/errors";
import { bytes } from "../core/format";
import { useLimits } from "../shell/session";

export interface Recording {
  key: number;
  name: string;
  /** 0..1 of it has been sent. */
  fraction: number;
  asset: Asset | null;
  error: string | null;
}

/** Recordings that are uploaded one after the other. */
export function useRecordings() {
  const [recordings, setRecordings] = useState<Recording[]>([]);
  const limit = useLimits().upload_bytes;
  const last = useRef(0);
  const line = useRef(Promise.resolve());
  const gone = useRef(new Set<number>());

  const change = useCallback((key: number, fields: Partial<Recording>) => {
    setRecordings((all) => all.map((one) => (one.key === key ? { ...one, ...fields } : one)));
  }, []);

  const send = useCallback(
    async (key: number, file: File) => {
      if (gone.current.has(key)) return;
      if (file.size > limit) {
        return change(key, { error: `This file is ${bytes(file.size)}; the limit here is ${bytes(limit)}. Choose a smaller one.` });
      }
      try {
        const onProgress = (fraction: number) => change(key, { fraction });
        change(key, { asset: await api.uploadAsset(file, file.name, "speech", { onProgress }) });
      } catch (error) {
        change(key, { error: messageOf(error) });
      }
    },
    [change, limit],
  );

  const add = useCallback(
    (files: Iterable<File>) => {
      for (const file of files) {
        const key = ++last.current;
        setRecordings((all) => [...all, { key, name: file.name, fraction: 0, asset: null, error: null }]);
        line.current = line.current.then(() => send(key, file));
      }
    },
    [send],
  );
  const remove = useCallback((key: number) => {
    gone.current.add(key);
    setRecordings((all) => all.filter((one) => one.key !== key));
  }, []);
  return { recordings, add, remove };
}
