import styles from "./Meter.module.css";

interface MeterProps {
  label: string;
  used: number;
  limit: number;
  /** Both figures, in words. */
  text: string;
}

/** How much of a limit is used up. */
export function Meter({ label, used, limit, text }: MeterProps) {
  const percent = limit ? Math.min(100, (used / limit) * 100) : 0;
  return (
    <div className={styles.meter}>
      <p>
        <strong>{label}</strong>
        <span>{text}</span>
      </p>
      <div
        className={styles.track}
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={limit}
        aria-valuenow={Math.min(used, limit)}
        aria-valuetext={text}
      >
        <span data-full={percent > 90} style={{ width: `${percent}%` }} />
      </div>
    </div>
  );
}
