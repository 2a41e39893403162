import { useCallback, useRef } from "react";

import { levelOf } from "../core/waveform";
import styles from "./Meter.module.css";
import { type AudioTrack, useAnalyser } from "./media";

const BARS = 24;

/** How loud a track is right now: bars that light up from the left. */
export function LevelMeter({ track, label }: { track: AudioTrack | null; label: string }) {
  const box = useRef<HTMLDivElement>(null);
  const shown = useRef(0);
  const samples = useRef(new Float32Array(1024));
  const draw = useCallback((analyser: AnalyserNode, seconds: number) => {
    analyser.getFloatTimeDomainData(samples.current);
    shown.current = Math.max(levelOf(samples.current), shown.current - seconds * 1.8);
    const node = box.current;
    if (!node) return;
    const lit = Math.round(Math.min(1, shown.current) * BARS);
    node.style.setProperty("--lit", String(lit));
    node.setAttribute("aria-valuenow", String(Math.round((lit / BARS) * 100)));
  }, []);
  useAnalyser(track, 1024, draw);
  return (
    <div ref={box} className={styles.meter} data-off={!track} role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={0}>
      {Array.from({ length: BARS }, (_, index) => (
        <i key={index} style={{ "--at": index } as React.CSSProperties} />
      ))}
    </div>
  );
}
