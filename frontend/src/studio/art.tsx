import styles from "./art.module.css";

/** A face waiting for a voice: the mouth is the product's mark. */
export function FaceArt() {
  return (
    <svg className={styles.face} aria-hidden="true" width="148" height="168" viewBox="0 0 148 168" fill="none">
      <g stroke="var(--line-strong)" strokeWidth="2" strokeLinecap="round">
        <path
          d="M74 8C42 8 22 32 22 68c0 44 24 90 52 90s52-46 52-90C126 32 106 8 74 8Z"
          strokeDasharray="1 7"
          strokeWidth="3"
        />
        <path d="M43 62c5-4 13-4 18 0M87 62c5-4 13-4 18 0" strokeWidth="3" />
        <path d="M74 68v22c0 3-2 5-6 6" />
      </g>
      <g fill="var(--accent)" className={styles.mouth}>
        <rect x="51" y="116" width="5" height="8" rx="2.500" />
        <rect x="61" y="111" width="5" height="18" rx="2.500" />
        <rect x="71" y="107" width="5" height="26" rx="2.500" />
        <rect x="81" y="111" width="5" height="18" rx="2.500" />
        <rect x="91" y="116" width="5" height="8" rx="2.500" />
      </g>
    </svg>
  );
}

export function SoundArt() {
  const heights = [10, 22, 38, 26, 52, 70, 44, 60, 34, 20, 40, 26, 12];
  return (
    <svg className={styles.sound} aria-hidden="true" width="190" height="96" viewBox="0 0 190 96">
      {heights.map((height, index) => (
        <rect
          key={index}
          x={5 + index * 14.4}
          y={48 - height / 2}
          width="6"
          height={height}
          rx="3"
          fill={index === 5 || index === 7 ? "var(--accent)" : "var(--line-strong)"}
        />
      ))}
    </svg>
  );
}
