/** The lips over time as geometry: from shapes per frame to a curve, marks and labels that fit a width. */

import type { Mouth, MouthPhone } from "../api/types";

/** Seconds; `to` is not part of it. */
export interface Stretch {
  from: number;
  to: number;
}

export interface Label {
  text: string;
  /** Middle of the sound, in seconds. */
  at: number;
  phone: MouthPhone;
}

export interface Shape {
  openness: number;
  width: number;
  rounding: number;
  closure: number;
}

const REST: Shape = { openness: 0, width: 0, rounding: 0, closure: 0 };

/** The shape of the frame on screen at `time`; at rest outside the speech. */
export function shapeAt(mouth: Mouth, time: number): Shape {
  const frame = Math.floor(time * mouth.fps + 1e-6);
  if (frame < 0 || frame >= mouth.openness.length) return REST;
  return {
    openness: mouth.openness[frame] ?? 0,
    width: mouth.width[frame] ?? 0,
    rounding: mouth.rounding[frame] ?? 0,
    closure: mouth.closure[frame] ?? 0,
  };
}

/** The sound heard at `time`; undefined in a pause. */
export function phoneAt(phones: readonly MouthPhone[], time: number): MouthPhone | undefined {
  return phones.find((phone) => phone.ipa && phone.start_seconds <= time && time < phone.end_seconds);
}

/** Where the lips are pressed together at least half as hard as they can be. */
export function closuresOf(mouth: Mouth): Stretch[] {
  const found: Stretch[] = [];
  let first = -1;
  for (let frame = 0; frame <= mouth.closure.length; frame += 1) {
    const shut = (mouth.closure[frame] ?? 0) >= 0.5;
    if (shut && first < 0) first = frame;
    if (!shut && first >= 0) {
      found.push({ from: first / mouth.fps, to: frame / mouth.fps });
      first = -1;
    }
  }
  return found;
}

/** Seconds of a clip that are in sight: all of it, or as much as leaves each second `pixelsPerSecond` of `width`. */
export function spanFor(width: number, duration: number, pixelsPerSecond: number): number {
  return duration > 0 ? Math.min(duration, Math.max(1, width / pixelsPerSecond)) : 1;
}

/**
 * The second the view starts at, so that `time` is in it. The view stands still while it can: when playing runs out
 * of it, it turns like a page, with a little of what was; while someone drags, it only slides as far as it must.
 */
export function viewStart(start: number, span: number, time: number, duration: number, dragging = false): number {
  const last = Math.max(0, duration - span);
  const kept = Math.min(last, Math.max(0, start));
  // A hair of tolerance, or rounding at the very end would turn a page that is not there.
  if (time >= kept - 1e-6 && time <= kept + span + 1e-6) return kept;
  const wanted = dragging ? (time < kept ? time : time - span) : time - span * 0.08;
  return Math.min(last, Math.max(0, wanted));
}

/** A filled area of the openness between two seconds as an SVG path; x from 0 to `width`, y from `height` upwards to 0. */
export function areaPath(mouth: Mouth, view: Stretch, width: number, height: number): string {
  const scale = width / (view.to - view.from);
  // One frame beyond either edge, so that the curve runs out of sight instead of stopping at it.
  const first = Math.max(0, Math.floor(view.from * mouth.fps) - 1);
  const last = Math.min(mouth.openness.length - 1, Math.ceil(view.to * mouth.fps) + 1);
  if (last < first) return "";
  const xOf = (frame: number) => round(((frame + 0.5) / mouth.fps - view.from) * scale);
  const points: string[] = [];
  for (let frame = first; frame <= last; frame += 1) {
    const open = Math.min(1, Math.max(0, mouth.openness[frame] ?? 0));
    points.push(`${xOf(frame)} ${round(height - open * height)}`);
  }
  return `M${xOf(first)} ${height}L${points.join("L")}L${xOf(last)} ${height}Z`;
}

/** The sounds' names where there is room for them; a name that would run into the one before it is left out. */
export function labelsOf(phones: readonly MouthPhone[], pixelsPerSecond: number, pixelsPerLetter = 8): Label[] {
  const labels: Label[] = [];
  let taken = -Infinity;
  for (const phone of phones) {
    const text = phone.ipa.replace(/[ˈˌ]/g, "");
    if (!text) continue;
    const at = (phone.start_seconds + phone.end_seconds) / 2;
    const half = ([...text].length * pixelsPerLetter) / 2;
    if (at * pixelsPerSecond - half < taken) continue;
    labels.push({ text, at, phone });
    taken = at * pixelsPerSecond + half + 2;
  }
  return labels;
}

const STEPS = [1, 2, 5, 10, 15, 30, 60];

/** Round seconds in view, at least `apart` pixels from each other. */
export function ticksOf(view: Stretch, pixelsPerSecond: number, apart = 72): number[] {
  const step = STEPS.find((seconds) => seconds * pixelsPerSecond >= apart) ?? 120;
  const ticks: number[] = [];
  for (let n = Math.ceil(Math.max(0, view.from) / step); n * step <= view.to; n += 1) ticks.push(n * step);
  return ticks;
}

/** What a screen reader says of one moment. */
export function momentWords(mouth: Mouth, time: number): string {
  const shape = shapeAt(mouth, time);
  const lips = shape.closure >= 0.5 ? "lips pressed shut" : `lips ${Math.round(shape.openness * 100)} % open`;
  const phone = phoneAt(mouth.phones, time);
  return phone ? `${lips}, sound ${phone.ipa}` : lips;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
