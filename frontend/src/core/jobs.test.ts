import { describe, expect, it, vi } from "vitest";

import type { Job } from "../api/types";
import { applyDelta, JobBoard, mergeJob } from "./jobs";

function job(fields: Partial<Job> = {}): Job {
  return {
    id: "a", state: "running", stage: "render", stage_label: "Rendering", percent: 40, revision: 5, seconds_left: 9,
    face: null, house_look: "mira", speech: null, text: "Hello", voice: "", voice_rate: 1, engine: "auto",
    engine_used: "", options: { sync_mode: "bounce", mouth_strength: 1, head_motion: 1, expression: "neutral", expression_amount: 0.6, background: "keep", pick: null, others: "still", clean_speech: false, music_below_lu: 10 }, segments: [], music: null,
    created_at: "2026-01-02T10:00:00Z", started_at: null, finished_at: null, expires_at: null, duration_seconds: null,
    cost_usd: 0, max_cost_usd: null, batch_id: null, quality: null, warnings: [], error: null, from_cache: false, attempts: [], video_url: null,
    poster_url: null, mouth_url: null, source_url: null, share_url: null, transcript: "", transcript_language: "", ...fields,
  };
}

describe("one job told twice", () => {
  it("keeps the newer telling", () => {
    expect(mergeJob(job({ revision: 5 }), job({ revision: 6, percent: 60 })).percent).toBe(60);
    expect(mergeJob(job({ revision: 5, percent: 40 }), job({ revision: 4, percent: 90 })).percent).toBe(40);
  });

  it("never lets percent fall while the job goes on", () => {
    expect(mergeJob(job({ percent: 70 }), job({ revision: 6, percent: 20 })).percent).toBe(70);
    expect(mergeJob(job({ percent: 70 }), job({ revision: 6, percent: 0, state: "queued" })).percent).toBe(70);
  });

  it("starts from the bottom when an ended job is tried again", () => {
    const failed = job({ state: "failed", percent: 70 });
    expect(mergeJob(failed, job({ revision: 6, percent: 0, state: "queued" })).percent).toBe(0);
  });

  it("drops a late delta and a doubled one", () => {
    const known = job();
    expect(applyDelta(known, 4, { percent: 90 })).toBe(known);
    expect(applyDelta(known, 5, { state: "cancelled" })).toBe(known);
    expect(applyDelta(known, 6, { percent: 50 })).toMatchObject({ percent: 50, revision: 6, text: "Hello" });
  });
});

describe("JobBoard", () => {
  it("lists newest first and tells its listeners", () => {
    const board = new JobBoard();
    const heard = vi.fn();
    board.subscribe(heard);
    board.receive({ type: "snapshot", jobs: [job({ id: "old", created_at: "2026-01-01T00:00:00Z" }), job({ id: "new" })] });
    expect(board.snapshot().map((one) => one.id)).toEqual(["new", "old"]);
    expect(heard).toHaveBeenCalled();
  });

  it("asks for a job it does not know", () => {
    const board = new JobBoard();
    board.onStale = vi.fn();
    board.receive({ type: "delta", id: "strange", revision: 3, changes: { percent: 3 } });
    expect(board.onStale).toHaveBeenCalledWith("strange");
    expect(board.snapshot()).toEqual([]);
  });

  it("asks for the whole job once it has ended, and only then", () => {
    const board = new JobBoard();
    board.onStale = vi.fn();
    board.put(job());
    board.receive({ type: "delta", id: "a", revision: 6, changes: { percent: 80 } });
    expect(board.onStale).not.toHaveBeenCalled();
    board.receive({ type: "delta", id: "a", revision: 7, changes: { state: "done", percent: 100 } });
    expect(board.onStale).toHaveBeenCalledTimes(1);
  });

  it("does not bring back a job that was removed", () => {
    const board = new JobBoard();
    board.put(job());
    board.receive({ type: "removed", id: "a" });
    board.receive({ type: "delta", id: "a", revision: 9, changes: { percent: 99 } });
    board.put(job({ revision: 10 }));
    expect(board.snapshot()).toEqual([]);
  });

  it("gives the same array until something changes", () => {
    const board = new JobBoard();
    board.put(job());
    const before = board.snapshot();
    board.receive({ type: "delta", id: "a", revision: 1, changes: { percent: 1 } });
    expect(board.snapshot()).toBe(before);
  });
});
