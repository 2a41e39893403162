/** Many videos at once: the rows to ask for, and how they are doing. */

import type { Asset, Job } from "../api/types";
import type { Batch, BatchItem, BatchRow, Summary } from "./batchesApi";
import { type Draft, requestOf } from "./draft";
import { excerpt } from "./format";
import { hasEnded } from "./jobs";

const NAME_LENGTH = 60;

/** What people ask a list of items to show. */
export type Shown = "all" | "unfinished" | "done" | "failed";

/** A text for every line that says something. */
export function linesOf(text: string): string[] {
  return text.split("\n").map((line) => line.trim()).filter(Boolean);
}

/** A row for each text and each recording, all said by the draft's face. */
export function rowsOf(draft: Draft, recordings: readonly Asset[], textLimit: number): BatchRow[] {
  const rows: BatchRow[] = [];
  for (const text of linesOf(draft.text)) {
    const request = requestOf({ ...draft, source: "text", text }, textLimit);
    if (request) rows.push({ ...request, name: excerpt(text, NAME_LENGTH) });
  }
  for (const upload of recordings) {
    const request = requestOf({ ...draft, source: "upload", upload, transcript: "" }, textLimit);
    if (request) rows.push({ ...request, name: upload.name });
  }
  return rows;
}

/** What still stands in the way, in words; null when the batch can be made. */
export function missingFromBatch(draft: Draft, recordings: readonly Asset[], textLimit: number): string | null {
  const lines = linesOf(draft.text);
  if (!draft.face) return "Choose the face that says them all";
  if (!lines.length && !recordings.length) return "Write a line for each video, or add recordings";
  const long = lines.findIndex((line) => line.length > textLimit);
  return long < 0 ? null : `Line ${long + 1} is longer than ${textLimit.toLocaleString("en")} characters`;
}

/** The batch with what the page has heard of its jobs since it was asked for. */
export function followed(batch: Batch, jobs: ReadonlyMap<string, Job>): Batch {
  const items = batch.items.map((item) => {
    const job = item.job_id === null ? undefined : jobs.get(item.job_id);
    return job ? told(item, job) : item;
  });
  const summary = sumsOf(items);
  return { ...batch, items, summary, status: summary.unfinished ? "processing" : "completed" };
}

function told(item: BatchItem, job: Job): BatchItem {
  const { state, percent, cost_usd, duration_seconds, error } = job;
  return { ...item, state, percent, cost_usd, duration_seconds, error };
}

export function isUnfinished(item: BatchItem): boolean {
  return item.state !== "refused" && !hasEnded({ state: item.state });
}

function sumsOf(items: readonly BatchItem[]): Summary {
  const done = items.filter((item) => item.state === "done");
  const unfinished = items.filter(isUnfinished).length;
  const add = (numbers: (number | null)[]) => numbers.reduce((sum: number, one) => sum + (one ?? 0), 0);
  return {
    total: items.length,
    success: done.length,
    failed: items.length - done.length - unfinished,
    unfinished,
    total_duration: add(done.map((item) => item.duration_seconds)),
    total_cost_usd: add(items.map((item) => item.cost_usd)),
  };
}

/** How much of the whole batch is behind it, 0..100: what ended badly is behind it too. */
export function percentOf(items: readonly BatchItem[]): number {
  if (!items.length) return 0;
  const sum = items.reduce((all, item) => all + (isUnfinished(item) ? item.percent : 100), 0);
  return sum / items.length;
}

export function isShown(item: BatchItem, shown: Shown): boolean {
  if (shown === "all") return true;
  if (shown === "unfinished") return isUnfinished(item);
  return shown === "done" ? item.state === "done" : item.state !== "done" && !isUnfinished(item);
}
