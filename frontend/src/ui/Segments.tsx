import { useId } from "react";

import styles from "./Segments.module.css";

export interface Segment<T extends string> {
  value: T;
  label: string;
}

interface SegmentsProps<T extends string> {
  /** What is chosen, for screen readers: the heading in sight says it to everyone else. */
  label: string;
  segments: readonly Segment<T>[];
  value: T;
  disabled?: boolean;
  describedBy?: string;
  onChange: (value: T) => void;
}

/** One of a few values, all in sight: radio buttons that look like a switch. */
export function Segments<T extends string>({ label, segments, value, disabled, describedBy, onChange }: SegmentsProps<T>) {
  const name = useId();
  return (
    <div role="radiogroup" aria-label={label} aria-describedby={describedBy} aria-disabled={disabled} className={styles.segments}>
      {segments.map((segment) => (
        <label key={segment.value} className={styles.segment}>
          <input
            type="radio"
            name={name}
            checked={segment.value === value}
            disabled={disabled}
            onChange={() => onChange(segment.value)}
          />
          <span>{segment.label}</span>
        </label>
      ))}
    </div>
  );
}
