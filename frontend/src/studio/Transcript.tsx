import { useId } from "react";

import { languagesOf, nearestLanguage } from "../core/voices";
import { catalogue } from "../ui/catalogue";
import { Icon } from "../ui/Icon";
import { useLoad } from "../ui/load";
import { useDraft } from "./draft";
import styles from "./Transcript.module.css";

const HERE = "en-US";

/** The words of a recording, for those who have them. */
export function Transcript() {
  const { draft, change } = useDraft();
  const voices = useLoad(catalogue.voices, "voices");
  const id = useId();
  const languages = languagesOf(voices.data?.items ?? []);
  const language = draft.language ?? nearestLanguage(languages, navigator.languages) ?? HERE;
  return (
    <div className={styles.transcript}>
      <div className={styles.head}>
        <label htmlFor={id}>
          What is said <span>(optional)</span>
        </label>
        <div className={styles.language}>
          <select aria-label="Language of the recording" value={language} onChange={(event) => change({ language: event.target.value })}>
            {languages.map((one) => (
              <option key={one.tag} value={one.tag}>
                {one.name}
              </option>
            ))}
          </select>
          <Icon name="chevron" size={14} />
        </div>
      </div>
      <textarea
        id={id}
        rows={3}
        placeholder="The words of this recording…"
        value={draft.transcript}
        aria-describedby={`${id}-hint`}
        onChange={(event) => change({ transcript: event.target.value, language })}
      />
      <p id={`${id}-hint`} className={styles.hint}>
        Makes the lips more exact, and names every sound under the result.
      </p>
    </div>
  );
}
