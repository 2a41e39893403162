import type { Expression, Job } from "../api/types";
import { excerpt } from "../core/format";

/** A job's name for people: what is said, or the recording's name. */
export function titleOf(job: Job, length = 80): string {
  if (job.text) return excerpt(job.text, length);
  return job.speech?.name ?? "Untitled";
}

export function faceNameOf(job: Job): string {
  if (job.face) return job.face.name;
  const look = job.house_look.replace(/^house:/, "");
  return look ? `${look.charAt(0).toUpperCase()}${look.slice(1)}, drawn avatar` : "";
}

export function lookThumbnail(job: Job): string | null {
  const look = job.house_look.replace(/^house:/, "");
  return look ? `/api/v1/looks/${look}/thumbnail` : null;
}

export function pictureOf(job: Job): string | null {
  return job.poster_url ?? job.face?.thumbnail_url ?? lookThumbnail(job);
}

export const STATE_WORDS: Record<Job["state"], string> = {
  queued: "In line",
  running: "Working",
  done: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
};

export const EXPRESSION_WORDS: Record<Expression, string> = {
  neutral: "Neutral",
  happy: "Happy",
  sad: "Sad",
  surprised: "Surprised",
  angry: "Angry",
};
