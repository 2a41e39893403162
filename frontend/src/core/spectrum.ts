/** A voice as a row of bars: the bins of an AnalyserNode gathered as ears hear them. */

/** Below and above this, in Hz, there is little of a voice. */
const LOW_HZ = 90;
const HIGH_HZ = 7600;

/** For each bar the bins it gathers, `[from, to)`; equal steps of pitch, at least one bin each. */
export function bandEdges(bars: number, bins: number, sampleRate: number): [number, number][] {
  const perBin = sampleRate / 2 / bins;
  const step = (HIGH_HZ / LOW_HZ) ** (1 / bars);
  const edges: [number, number][] = [];
  let from = Math.max(1, Math.round(LOW_HZ / perBin));
  for (let bar = 0; bar < bars; bar++) {
    const wanted = Math.round((LOW_HZ * step ** (bar + 1)) / perBin);
    const to = Math.min(bins, Math.max(from + 1, wanted));
    edges.push([Math.min(from, bins - 1), to]);
    from = to;
  }
  return edges;
}

/** Bars of 0..1 from byte bins (0..255): the loudest of each band, with quiet noise held down. */
export function barsOf(bytes: Uint8Array, edges: readonly [number, number][]): number[] {
  return edges.map(([from, to]) => {
    let peak = 0;
    for (let bin = from; bin < to; bin++) peak = Math.max(peak, bytes[bin] ?? 0);
    return Math.max(0, (peak / 255 - 0.22) / 0.78) ** 1.3;
  });
}

/** Bars rise at once and fall slowly: `seconds` is the time since the bars before. */
export function settle(before: readonly number[], heard: readonly number[], seconds: number): number[] {
  const fall = seconds * 2.6;
  return heard.map((value, index) => Math.max(value, (before[index] ?? 0) - fall));
}
