import { useCallback, useEffect, useRef } from "react";

import { bandEdges, barsOf, settle } from "../core/spectrum";
import styles from "./Meter.module.css";
import { type AudioTrack, useAnalyser } from "./media";

interface SpectrumProps {
  track: AudioTrack | null | undefined;
  label: string;
  bars?: number;
  /** A CSS variable of the theme. */
  color?: `--${string}`;
}

const FFT = 2048;

/** The pitches of a voice as bars around a middle line, drawn each frame. */
export function Spectrum({ track, label, bars = 40, color = "--accent" }: SpectrumProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const heights = useRef<number[]>([]);
  const bytes = useRef(new Uint8Array(FFT / 2));
  const edges = useRef<{ rate: number; bars: number; list: [number, number][] }>({ rate: 0, bars: 0, list: [] });

  const paint = useCallback((values: readonly number[]) => {
    const node = canvas.current;
    const context = node?.getContext("2d");
    if (!node || !context) return;
    const scale = devicePixelRatio || 1;
    const width = Math.round(node.clientWidth * scale);
    const height = Math.round(node.clientHeight * scale);
    if (node.width !== width || node.height !== height) Object.assign(node, { width, height });
    context.clearRect(0, 0, width, height);
    const style = getComputedStyle(node);
    const lit = style.getPropertyValue(color);
    const quiet = style.getPropertyValue("--line-strong");
    const step = width / bars;
    const thick = Math.max(1.5 * scale, step * 0.56);
    for (let index = 0; index < bars; index++) {
      const value = values[index] ?? 0;
      const tall = Math.max(thick, value * height);
      context.fillStyle = value > 0.02 ? lit : quiet;
      context.beginPath();
      context.roundRect(index * step + (step - thick) / 2, (height - tall) / 2, thick, tall, thick / 2);
      context.fill();
    }
  }, [bars, color]);

  const draw = useCallback((analyser: AnalyserNode, seconds: number) => {
    const rate = analyser.context.sampleRate;
    if (edges.current.rate !== rate || edges.current.bars !== bars) {
      edges.current = { rate, bars, list: bandEdges(bars, analyser.frequencyBinCount, rate) };
    }
    analyser.getByteFrequencyData(bytes.current);
    heights.current = settle(heights.current, barsOf(bytes.current, edges.current.list), seconds);
    paint(heights.current);
  }, [bars, paint]);
  useAnalyser(track, FFT, draw);
  useEffect(() => {
    // Another voice begins with none of the bars of the one before.
    heights.current = [];
    paint([]);
  }, [track, paint]);
  return <canvas ref={canvas} className={styles.spectrum} role="img" aria-label={label} />;
}
