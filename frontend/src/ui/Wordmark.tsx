import styles from "./Wordmark.module.css";

/** Half-heights of the five bars: a voice's waveform and an open mouth at once. */
const BARS = [2.2, 5.6, 8.6, 5.6, 2.2];

export function Mark({ size = 28, speaking = false }: { size?: number; speaking?: boolean }) {
  return (
    <svg
      className={speaking ? styles.speaking : undefined}
      aria-hidden="true"
      width={size}
      height={size}
      viewBox="0 0 32 32"
    >
      <rect width="32" height="32" rx="10" fill="var(--accent)" />
      {BARS.map((half, index) => (
        <rect
          key={index}
          className={styles.bar}
          style={{ animationDelay: `${index * 110}ms` }}
          x={5.4 + index * 4.6}
          y={16 - half}
          width="2.8"
          height={half * 2}
          rx="1.4"
          fill="var(--on-accent)"
        />
      ))}
    </svg>
  );
}

/** The product's name, drawn: round letters of one stroke, the i dotted with the accent. */
export function Wordmark({ height = 26 }: { height?: number }) {
  return (
    <span className={styles.wordmark}>
      <Mark size={height + 4} />
      <svg aria-hidden="true" height={height} viewBox="0 0 112 32" className={styles.letters}>
        <g fill="none" stroke="currentColor" strokeWidth="3.4" strokeLinecap="round" strokeLinejoin="round">
          <circle cx="9.500" cy="18" r="6.800" />
          <path d="M16.300 11.200v13.600" />
          <path d="m22.500 11.200 6.200 13.600 6.200-13.600" />
          <path d="M51.300 13.300c-1.300-1.500-3-2.200-5.200-2.200-2.700 0-4.800 1.200-4.800 3.400 0 4.800 10.500 2.100 10.500 7 0 2.300-2.300 3.500-5.200 3.500-2.500 0-4.600-.9-5.900-2.700" />
          <path d="M59.500 11.200v13.600" />
          <path d="M70 5.500v14.800c0 3 1.600 4.500 4.600 4.500h1.600M65.800 11.200h10" />
          <path d="M82.300 18h13.300c0-4-2.700-6.900-6.600-6.900s-6.700 3-6.700 6.900 2.800 6.900 6.900 6.900c2.300 0 4.200-.8 5.500-2.300" />
        </g>
        <circle cx="59.500" cy="5" r="2.500" fill="var(--accent)" />
      </svg>
      <span className="visually-hidden">avsite</span>
    </span>
  );
}
