import { barsFor } from "../core/waveform";
import styles from "./Waveform.module.css";

interface WaveformProps {
  peaks: readonly number[];
  /** How much has been played, 0..1. */
  played?: number;
  bars?: number;
  label: string;
  height?: number;
}

/** Sound as mirrored bars; those already played take the accent. */
export function Waveform({ peaks, played = 0, bars = 72, label, height = 72 }: WaveformProps) {
  const shown = barsFor(peaks, bars);
  const loudest = Math.max(0.05, ...shown);
  return (
    <svg
      className={styles.wave}
      role="img"
      aria-label={label}
      viewBox={`0 0 ${bars * 4} 100`}
      preserveAspectRatio="none"
      style={{ height }}
    >
      {shown.map((peak, index) => {
        const tall = Math.max(4, (peak / loudest) * 96);
        return (
          <rect
            key={index}
            className={index / bars < played ? styles.played : styles.bar}
            x={index * 4 + 0.8}
            width={2.4}
            y={50 - tall / 2}
            height={tall}
            rx={1.2}
          />
        );
      })}
    </svg>
  );
}
