import { parts, type Spoken } from "../core/captions";
import { useCaptions } from "./captions";
import styles from "./Captions.module.css";

const LONGEST = 150;

/** Words that stay, and after them, lighter, those that may still change. */
export function Words({ line, longest }: { line: Spoken; longest: number }) {
  const { stays, open } = parts(line, longest);
  return (
    <>
      {stays}
      {open && <span className={styles.open} data-testid="caption-open">{open}</span>}
    </>
  );
}

/** What is being said, word by word, over the lower edge of the stage. */
export function Captions({ spoken, nameOf }: { spoken: readonly Spoken[]; nameOf: (identity: string) => string }) {
  const lines = useCaptions(spoken);
  return (
    <div className={styles.captions} role="log" aria-label="Captions" aria-live="off">
      {lines.map((line) => (
        <p key={line.id} className={styles.line} data-line={line.id}>
          <b>{nameOf(line.speaker)}</b>
          <span data-testid="caption"><Words line={line} longest={LONGEST} /></span>
        </p>
      ))}
    </div>
  );
}
