import { describe, expect, it } from "vitest";

import type { Mouth } from "../api/types";
import {
  areaPath, closuresOf, labelsOf, momentWords, phoneAt, shapeAt, spanFor, ticksOf, viewStart,
} from "./mouth";

/** "pa" at ten frames a second: shut for two, open for three. */
const MOUTH: Mouth = {
  fps: 10,
  openness: [0, 0, 0.4, 1, 0.2],
  width: [0, 0, 0.1, 0.2, 0.1],
  rounding: [0, 0, 0, 0, 0],
  closure: [1, 0.8, 0.1, 0, 0.6],
  phones: [
    { ipa: "p", start_seconds: 0, end_seconds: 0.2 },
    { ipa: "ˈɑː", start_seconds: 0.2, end_seconds: 0.4 },
    { ipa: "", start_seconds: 0.4, end_seconds: 0.5 },
  ],
};

describe("a moment", () => {
  it("is that of the frame on screen, and at rest outside the speech", () => {
    expect(shapeAt(MOUTH, 0.3).openness).toBe(1);
    expect(shapeAt(MOUTH, 0.399).openness).toBe(1);
    expect(shapeAt(MOUTH, 0.5)).toEqual({ openness: 0, width: 0, rounding: 0, closure: 0 });
    expect(shapeAt(MOUTH, -1).closure).toBe(0);
  });

  it("knows its sound, and that a pause has none", () => {
    expect(phoneAt(MOUTH.phones, 0.2)?.ipa).toBe("ˈɑː");
    expect(phoneAt(MOUTH.phones, 0.45)).toBeUndefined();
  });

  it("is said in words", () => {
    expect(momentWords(MOUTH, 0.1)).toBe("lips pressed shut, sound p");
    expect(momentWords({ ...MOUTH, phones: [] }, 0.2)).toBe("lips 40 % open");
  });
});

describe("closuresOf", () => {
  it("joins neighbouring frames and ends with the speech", () => {
    expect(closuresOf(MOUTH)).toEqual([{ from: 0, to: 0.2 }, { from: 0.4, to: 0.5 }]);
  });
});

describe("the view", () => {
  it("shows a short clip whole and a long one zoomed", () => {
    expect(spanFor(1200, 4, 150)).toBe(4);
    expect(spanFor(300, 60, 150)).toBe(2);
    expect(spanFor(0, 60, 150)).toBe(1);
  });

  it("stands still while the time is in it, then turns the page", () => {
    expect(viewStart(10, 5, 14.9, 60)).toBe(10);
    expect(viewStart(10, 5, 15.1, 60)).toBeCloseTo(14.7);
    expect(viewStart(10, 5, 2, 60)).toBeCloseTo(1.6);
  });

  it("only slides while someone drags, and never leaves the clip", () => {
    expect(viewStart(10, 5, 15.5, 60, true)).toBeCloseTo(10.5);
    expect(viewStart(10, 5, 9, 60, true)).toBe(9);
    expect(viewStart(10, 5, 60, 60)).toBe(55);
    expect(viewStart(10, 5, 0, 60)).toBe(0);
    expect(viewStart(3, 5, 5, 5)).toBe(0);
  });
});

describe("areaPath", () => {
  it("rises from the ground to each frame's height and comes back down", () => {
    expect(areaPath(MOUTH, { from: 0, to: 0.5 }, 100, 50)).toBe("M10 50L10 50L30 50L50 30L70 0L90 40L90 50Z");
  });

  it("draws only what is near the view, and nothing after the speech", () => {
    const long = { ...MOUTH, openness: Array.from({ length: 1000 }, () => 0.5) };
    expect(areaPath(long, { from: 50, to: 51 }, 100, 50).split("L").length).toBeLessThan(20);
    expect(areaPath(MOUTH, { from: 5, to: 6 }, 100, 50)).toBe("");
  });
});

describe("labelsOf", () => {
  it("leaves out pauses and stress, and names that would overlap", () => {
    expect(labelsOf(MOUTH.phones, 200).map((label) => label.text)).toEqual(["p", "ɑː"]);
    expect(labelsOf(MOUTH.phones, 40).map((label) => label.text)).toEqual(["p"]);
  });
});

describe("ticksOf", () => {
  it("are round seconds that do not crowd", () => {
    expect(ticksOf({ from: 1.5, to: 4 }, 150)).toEqual([2, 3, 4]);
    expect(ticksOf({ from: 0, to: 60 }, 5)).toEqual([0, 15, 30, 45, 60]);
  });
});
