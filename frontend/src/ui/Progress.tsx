import styles from "./Progress.module.css";

/** A bar of 0..100; `percent` null while nothing is known yet. */
export function Progress({ percent, label }: { percent: number | null; label: string }) {
  return (
    <div
      className={`${styles.track} ${percent === null ? styles.unknown : ""}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent === null ? undefined : Math.round(percent)}
    >
      <div className={styles.fill} style={percent === null ? undefined : { width: `${percent}%` }} />
    </div>
  );
}
