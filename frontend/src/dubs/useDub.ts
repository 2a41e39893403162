import { useEffect, useRef } from "react";

import type { Dub, DubWhole } from "../core/dubsApi";
import { dubsApi } from "../core/client";
import { LiveSocket, socketUrl } from "../core/socket";
import { type Loaded, useLoad } from "../ui/load";

type Told = { type: "snapshot"; dubs: Dub[] } | { type: "dub"; dub: Dub } | { type: "removed"; id: string };

const READ_AGAIN_MS = 500;

/** Hears of every change of one's dubs, from a snapshot on. */
export function useDubNews(onTold: (told: Told) => void): void {
  const hear = useRef(onTold);
  useEffect(() => {
    hear.current = onTold;
  }, [onTold]);
  useEffect(() => {
    const socket = new LiveSocket(socketUrl("/ws/dubs/"), { onMessage: (message) => hear.current(message as Told) });
    return () => socket.close();
  }, []);
}

/** One dub with its stages and sentences, read again whenever the server says that it changed. */
export function useDub(id: string): Loaded<DubWhole> {
  const loaded = useLoad(() => dubsApi.one(id), id);
  const { reload } = loaded;
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useDubNews((told) => {
    const mine = told.type === "dub" ? told.dub.id === id : told.type === "snapshot";
    if (!mine || timer.current) return;
    timer.current = setTimeout(() => {
      timer.current = undefined;
      reload();
    }, READ_AGAIN_MS);
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  return loaded;
}
