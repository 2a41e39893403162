import { useCallback, useEffect, useState } from "react";

import { messageOf } from "../core/errors";

export interface Loaded<T> {
  data: T | undefined;
  error: string | undefined;
  reload: () => void;
  setData: (change: (data: T) => T) => void;
}

/** Loads once for each `key`; keeps the last data while it loads again. */
export function useLoad<T>(load: () => Promise<T>, key: string): Loaded<T> {
  const [state, setState] = useState<{ data?: T; error?: string }>({});
  const [round, setRound] = useState(0);
  useEffect(() => {
    let current = true;
    load().then(
      (data) => current && setState({ data }),
      (error: unknown) => current && setState((old) => ({ ...old, error: messageOf(error) })),
    );
    return () => {
      current = false;
    };
    // The key stands for everything that `load` reads.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key, round]);
  const reload = useCallback(() => setRound((n) => n + 1), []);
  const setData = useCallback(
    (change: (data: T) => T) => setState((old) => (old.data === undefined ? old : { data: change(old.data) })),
    [],
  );
  return { data: state.data, error: state.error, reload, setData };
}
