import { describe, expect, it, vi } from "vitest";

import type { Voice } from "../api/types";
import { type Clip, follow, sourcePosition } from "./playback";
import { extensionOf } from "./recorder";
import { groupVoices } from "./voices";
import { barsFor, levelOf, peaksOf } from "./waveform";

describe("waveform", () => {
  it("keeps the loudest of each part", () => {
    expect(peaksOf(Float32Array.of(0, -0.5, 0.25, 0.125), 2)).toEqual([0.5, 0.25]);
    expect(barsFor([0.1, 0.9, 0.2, 0.3], 2)).toEqual([0.9, 0.3]);
  });

  it("fills more bars than there are peaks, and none for silence without sound", () => {
    expect(barsFor([0.2, 0.8], 4)).toEqual([0.2, 0.2, 0.8, 0.8]);
    expect(barsFor([], 4)).toEqual([]);
  });

  it("reads loudness from nothing to full", () => {
    expect(levelOf(new Float32Array(64))).toBe(0);
    expect(levelOf(new Float32Array(64).fill(1))).toBeCloseTo(1);
    expect(levelOf(new Float32Array(64).fill(0.1))).toBeCloseTo(1 - 20 / 60);
  });
});

describe("the source beside the result", () => {
  it.each([
    ["loop", 7, 1, false],
    ["bounce", 2, 2, false],
    ["bounce", 4, 2, true],
    ["bounce", 7, 1, false],
    ["cut_off", 7, 3, false],
    ["silence", 2, 2, false],
    ["remap", 4, 1.2, false],
  ] as const)("%s at %d s shows second %d of three", (mode, time, seconds, backwards) => {
    expect(sourcePosition(time, 3, mode, 10)).toEqual({ seconds, backwards });
  });

  it("stands at its beginning while its length is unknown", () => {
    expect(sourcePosition(5, NaN, "loop", 10).seconds).toBe(0);
  });

  function clip(fields: Partial<Clip>): Clip {
    return {
      currentTime: 0, duration: 10, paused: false, seeking: false, playbackRate: 1,
      play: vi.fn(() => Promise.resolve()), pause: vi.fn(), ...fields,
    };
  }

  it("is left alone while it keeps up", () => {
    const source = clip({ currentTime: 2.05 });
    follow(clip({ currentTime: 2 }), source, "loop");
    expect(source.currentTime).toBe(2.05);
    expect(source.pause).not.toHaveBeenCalled();
  });

  it("is moved when it has drifted, and takes the result's speed", () => {
    const source = clip({ currentTime: 3 });
    follow(clip({ currentTime: 2, playbackRate: 1.5 }), source, "loop");
    expect(source).toMatchObject({ currentTime: 2, playbackRate: 1.5 });
  });

  it("stops with the result, at the same picture", () => {
    const source = clip({ currentTime: 2.5 });
    follow(clip({ currentTime: 2, paused: true }), source, "loop");
    expect(source.pause).toHaveBeenCalled();
    expect(source.currentTime).toBe(2);
  });

  it("is stepped where the result runs backwards", () => {
    const source = clip({ currentTime: 3, duration: 3 });
    follow(clip({ currentTime: 4 }), source, "bounce");
    expect(source.pause).toHaveBeenCalled();
    expect(source.currentTime).toBe(2);
  });

  it("starts again with the result", () => {
    const source = clip({ paused: true, currentTime: 1 });
    follow(clip({ currentTime: 1 }), source, "silence");
    expect(source.play).toHaveBeenCalled();
  });
});

describe("voices", () => {
  const voice = (name: string, language: string, language_name: string): Voice => ({
    id: name, name, language, language_name, gender: "female", provider: "espeak", sample_url: "",
  });
  const voices = [voice("Ana", "es", "Spanish"), voice("Amélie", "fr-fr", "French"), voice("Bea", "en-gb", "English")];

  it("come by language, the reader's own first", () => {
    expect(groupVoices(voices, "", ["fr-CH"]).map((group) => group.language)).toEqual(["French", "English", "Spanish"]);
  });

  it("are found by part of a name or language, with or without accents", () => {
    expect(groupVoices(voices, "amelie", [])[0]?.voices).toHaveLength(1);
    expect(groupVoices(voices, "female span", []).map((group) => group.language)).toEqual(["Spanish"]);
    expect(groupVoices(voices, "klingon", [])).toEqual([]);
  });
});

it("names recordings after what they hold", () => {
  expect([extensionOf("audio/webm;codecs=opus"), extensionOf("audio/mp4"), extensionOf("audio/ogg")]).toEqual(["webm", "m4a", "ogg"]);
});
