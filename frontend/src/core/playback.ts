/** Keeps the source's picture where the result's is. The result is the clock and the sound. */

import type { SyncMode } from "../api/types";

export interface SourcePosition {
  seconds: number;
  /** The source runs backwards here, which no browser plays; it has to be stepped. */
  backwards: boolean;
}

/** The second of a source lasting `duration` that a result of `length` seconds shows at `time`. */
export function sourcePosition(time: number, duration: number, mode: SyncMode, length: number): SourcePosition {
  if (!(duration > 0)) return { seconds: 0, backwards: false };
  if (mode === "remap") return { seconds: length > 0 ? (time * duration) / length : 0, backwards: false };
  if (mode === "loop") return { seconds: time % duration, backwards: false };
  if (mode === "bounce") {
    const inPair = time % (2 * duration);
    return inPair <= duration
      ? { seconds: inPair, backwards: false }
      : { seconds: 2 * duration - inPair, backwards: true };
  }
  return { seconds: Math.min(time, duration), backwards: false };
}

/** Further apart than this (seconds), the two pictures are seen to differ. */
const TOLERANCE = 0.08;

export type Clip = Pick<
  HTMLVideoElement,
  "currentTime" | "duration" | "paused" | "seeking" | "playbackRate" | "play" | "pause"
>;

/** Moves `source` to where `result` is; call it once per drawn frame. */
export function follow(result: Clip, source: Clip, mode: SyncMode): void {
  const { seconds, backwards } = sourcePosition(result.currentTime, source.duration, mode, result.duration);
  const stands = result.paused || backwards || seconds >= source.duration;
  const apart = Math.abs(source.currentTime - seconds);
  if (stands) {
    if (!source.paused) source.pause();
    if (apart > 0.02 && !source.seeking) source.currentTime = seconds;
    return;
  }
  const pace = mode === "remap" && result.duration > 0 ? source.duration / result.duration : 1;
  // Browsers play between a sixteenth and sixteen times the speed.
  const rate = Math.min(16, Math.max(1 / 16, result.playbackRate * pace));
  if (source.playbackRate !== rate) source.playbackRate = rate;
  if (apart > TOLERANCE * Math.max(1, result.playbackRate) && !source.seeking) source.currentTime = seconds;
  if (source.paused) void source.play().catch(() => undefined);
}
