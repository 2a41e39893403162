import { useCallback } from "react";

import type { Job } from "../api/types";
import { api } from "../core/client";
import { messageOf } from "../core/errors";
import { useLive } from "../shell/live";
import { useConfirm } from "../ui/Dialog";
import { useToast } from "../ui/Toasts";

/** What an owner can do to a job. Each resolves to whether it happened. */
export function useJobActions() {
  const { board } = useLive();
  const say = useToast();
  const ask = useConfirm();
  const attempt = useCallback(
    async (work: () => Promise<void>): Promise<boolean> => {
      try {
        await work();
        return true;
      } catch (error) {
        say(messageOf(error), "bad");
        return false;
      }
    },
    [say],
  );
  const cancel = useCallback((job: Job) => attempt(async () => board.put(await api.cancelJob(job.id))), [attempt, board]);
  const retry = useCallback((job: Job) => attempt(async () => board.put(await api.retryJob(job.id))), [attempt, board]);
  const remove = useCallback(
    async (job: Job) => {
      const sure = await ask({
        title: "Delete this video?",
        body: "The video, its share link and its log go for good. The face and the voice stay in your library.",
        confirm: "Delete video",
      });
      if (!sure) return false;
      return attempt(async () => {
        await api.deleteJob(job.id);
        board.remove(job.id);
        say("Video deleted.");
      });
    },
    [ask, attempt, board, say],
  );
  return { cancel, retry, remove };
}
