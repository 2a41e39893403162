import { describe, expect, it } from "vitest";

import { bandEdges, barsOf, settle } from "./spectrum";

const RATE = 48_000;
const BINS = 1024;

describe("bandEdges", () => {
  it("covers the voice without gaps, and every bar has something in it", () => {
    const edges = bandEdges(32, BINS, RATE);
    expect(edges).toHaveLength(32);
    for (const [index, [from, to]] of edges.entries()) {
      expect(to).toBeGreaterThan(from);
      if (index) expect(from).toBe(edges[index - 1]?.[1]);
    }
    const perBin = RATE / 2 / BINS;
    expect((edges.at(-1)?.[1] ?? 0) * perBin).toBeGreaterThan(7000);
  });

  it("stays inside even where bins are few", () => {
    for (const [, to] of bandEdges(48, 64, 16_000)) expect(to).toBeLessThanOrEqual(64);
  });
});

describe("barsOf", () => {
  it("shows a tone in its own bar and nowhere else", () => {
    const edges = bandEdges(24, BINS, RATE);
    const bytes = new Uint8Array(BINS);
    const bin = Math.round(1000 / (RATE / 2 / BINS));
    bytes[bin] = 230;
    const bars = barsOf(bytes, edges);
    const lit = bars.flatMap((value, index) => (value > 0 ? [index] : []));
    expect(lit).toEqual([edges.findIndex(([from, to]) => bin >= from && bin < to)]);
  });

  it("is flat for a quiet room", () => {
    expect(Math.max(...barsOf(new Uint8Array(BINS).fill(40), bandEdges(24, BINS, RATE)))).toBe(0);
  });
});

describe("settle", () => {
  it("rises at once and falls in a while", () => {
    expect(settle([0, 1], [1, 0], 0.1)).toEqual([1, 0.74]);
    expect(settle([0.2], [0], 1)).toEqual([0]);
  });
});
