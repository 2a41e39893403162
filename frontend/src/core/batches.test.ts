import { describe, expect, it } from "vitest";

import type { Asset, Job, Look } from "../api/types";
import { followed, isShown, linesOf, missingFromBatch, percentOf, rowsOf } from "./batches";
import type { Batch, BatchItem } from "./batchesApi";
import { type Draft, EMPTY_DRAFT } from "./draft";

const LOOK: Look = { id: "house:mira", name: "Mira", thumbnail_url: "/m" };
const SOUND = { id: "s1", kind: "speech", name: "talk.wav" } as Asset;
const DRAFT: Draft = { ...EMPTY_DRAFT, face: { kind: "look", look: LOOK }, text: "One.\n\n  Two. \n", voice: "de" };

function item(index: number, state: BatchItem["state"], fields: Partial<BatchItem> = {}): BatchItem {
  const job_id = state === "refused" ? null : `j${index}`;
  return { index, name: `Row ${index}`, state, job_id, percent: 0, cost_usd: 0, duration_seconds: null, error: null, ...fields };
}

describe("rowsOf", () => {
  it("is a video for every line that says something, then one for every recording", () => {
    const rows = rowsOf(DRAFT, [SOUND], 100);
    expect(rows.map((row) => [row.name, row.face, row.text, row.speech])).toEqual([
      ["One.", "house:mira", "One.", undefined],
      ["Two.", "house:mira", "Two.", undefined],
      ["talk.wav", "house:mira", undefined, "s1"],
    ]);
    expect(rows[0]).toMatchObject({ voice: "de" });
    expect(linesOf("\n \n")).toEqual([]);
  });

  it("says what is missing, and which line is too long", () => {
    expect(missingFromBatch(EMPTY_DRAFT, [SOUND], 100)).toContain("face");
    expect(missingFromBatch({ ...DRAFT, text: " \n" }, [], 100)).toContain("recordings");
    expect(missingFromBatch({ ...DRAFT, text: "" }, [SOUND], 100)).toBeNull();
    expect(missingFromBatch(DRAFT, [], 100)).toBeNull();
    expect(missingFromBatch({ ...DRAFT, text: "Hi\nmuch too long" }, [], 5)).toBe("Line 2 is longer than 5 characters");
  });
});

describe("followed", () => {
  const batch: Batch = {
    id: "b", name: "", status: "processing", created_at: "",
    summary: { total: 3, success: 0, failed: 1, unfinished: 2, total_duration: 0, total_cost_usd: 0 },
    items: [item(0, "running", { percent: 10 }), item(1, "refused"), item(2, "queued")],
  };
  const job = (id: string, fields: Partial<Job>) => ({ id, percent: 0, cost_usd: 0, duration_seconds: null, error: null, ...fields }) as Job;

  it("takes what was heard since, and sums it up", () => {
    const heard = new Map([["j0", job("j0", { state: "done", percent: 100, duration_seconds: 4, cost_usd: 0.2 })]]);
    const now = followed(batch, heard);
    expect(now.items.map((one) => one.state)).toEqual(["done", "refused", "queued"]);
    expect(now.summary).toEqual({ total: 3, success: 1, failed: 1, unfinished: 1, total_duration: 4, total_cost_usd: 0.2 });
    expect(now.status).toBe("processing");
    expect(percentOf(now.items)).toBeCloseTo(200 / 3);
    const error = { code: "no_face", message: "No face." };
    const end = followed(now, new Map([["j2", job("j2", { state: "failed", error })]]));
    expect(end).toMatchObject({ status: "completed", summary: { success: 1, failed: 2, unfinished: 0 } });
    expect(end.items[2]?.error).toEqual(error);
    expect(end.items.filter((one) => isShown(one, "failed")).map((one) => one.index)).toEqual([1, 2]);
    expect(end.items.filter((one) => isShown(one, "done")).map((one) => one.index)).toEqual([0]);
  });
});
