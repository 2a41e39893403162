import { createContext, type ReactNode, useContext, useEffect, useMemo, useState, useSyncExternalStore } from "react";

import type { Job } from "../api/types";
import { api } from "../core/client";
import { hasEnded, JobBoard, type JobMessage } from "../core/jobs";
import { LiveSocket, type SocketStatus, socketUrl } from "../core/socket";
import { useSession } from "./session";

interface Live {
  board: JobBoard;
  status: SocketStatus;
}

const LiveContext = createContext<Live | null>(null);

export function useLive(): Live {
  const live = useContext(LiveContext);
  if (!live) throw new Error("useLive needs LiveJobs");
  return live;
}

/** Every job known to this page, newest first, as it changes. */
export function useJobs(): Job[] {
  const { board } = useLive();
  return useSyncExternalStore(board.subscribe, board.snapshot);
}

const POLL_MS = 2500;

/** Feeds a board from a socket, and by polling while the socket is away. */
export function useFeed(board: JobBoard, path: string | null): SocketStatus {
  const [status, setStatus] = useState<SocketStatus>("connecting");
  useEffect(() => {
    if (!path) return;
    const socket = new LiveSocket(socketUrl(path), {
      onMessage: (message) => board.receive(message as JobMessage),
      onStatus: setStatus,
    });
    const hurry = () => socket.hurry();
    addEventListener("online", hurry);
    addEventListener("focus", hurry);
    return () => {
      removeEventListener("online", hurry);
      removeEventListener("focus", hurry);
      socket.close();
    };
  }, [board, path]);
  return status;
}

export function LiveJobs({ children }: { children: ReactNode }) {
  const { session } = useSession();
  const username = session.user?.username;
  // A new board for each person: nobody sees the last one's jobs.
  const board = useMemo(() => {
    const made = new JobBoard();
    made.onStale = (id) => void api.job(id).then((job) => made.put(job), () => undefined);
    return username === undefined ? new JobBoard() : made;
  }, [username]);
  const status = useFeed(board, session.signed_in ? "/ws/jobs/" : null);

  useEffect(() => {
    if (!session.signed_in || status === "open") return;
    const timer = setInterval(() => {
      for (const job of board.snapshot()) if (!hasEnded(job)) board.onStale(job.id);
    }, POLL_MS);
    return () => clearInterval(timer);
  }, [board, session.signed_in, status]);

  const live = useMemo(() => ({ board, status }), [board, status]);
  return <LiveContext value={live}>{children}</LiveContext>;
}
