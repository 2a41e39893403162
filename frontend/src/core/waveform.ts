/** Sound as bars: from samples to peaks, and from many peaks to as many bars as fit. */

/** The loudest sample of each of `count` equal parts, 0..1. */
export function peaksOf(samples: Float32Array, count: number): number[] {
  const peaks: number[] = [];
  for (let bar = 0; bar < count; bar += 1) {
    const from = Math.floor((bar * samples.length) / count);
    const to = Math.floor(((bar + 1) * samples.length) / count);
    let peak = 0;
    for (let i = from; i < to; i += 1) peak = Math.max(peak, Math.abs(samples[i] ?? 0));
    peaks.push(Math.min(1, peak));
  }
  return peaks;
}

/** `peaks` as `count` bars, keeping the highest of those that share a bar. */
export function barsFor(peaks: readonly number[], count: number): number[] {
  if (!peaks.length) return [];
  return Array.from({ length: count }, (_, bar) => {
    const from = Math.floor((bar * peaks.length) / count);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * peaks.length) / count));
    return Math.max(...peaks.slice(from, to));
  });
}

/** Loudness of a buffer as an eye reads it: 0 at -60 dBFS and below, 1 at full scale. */
export function levelOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const decibels = 10 * Math.log10(sum / Math.max(1, samples.length) + 1e-12);
  return Math.min(1, Math.max(0, 1 + decibels / 60));
}
