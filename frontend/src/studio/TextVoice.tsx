import type { Voice } from "../api/types";
import { useLimits } from "../shell/session";
import type { Loaded } from "../ui/load";
import { Slider } from "../ui/Slider";
import { useDraft } from "./draft";
import styles from "./VoicePanel.module.css";
import { VoicePicker } from "./VoicePicker";

/** Beyond this many characters the text is set smaller, to be read as a page. */
const LONG_TEXT = 220;

export function TextVoice({ voices }: { voices: Loaded<{ items: Voice[]; default: string }> }) {
  const { draft, change } = useDraft();
  const limit = useLimits().text_characters;
  const over = draft.text.length > limit;
  return (
    <>
      <div className={styles.script}>
        <label className="visually-hidden" htmlFor="script">
          What the face should say
        </label>
        <textarea
          id="script"
          className={`${styles.text} ${draft.text.length > LONG_TEXT ? styles.long : ""}`}
          placeholder="Write what the face should say…"
          value={draft.text}
          aria-invalid={over}
          aria-describedby="script-count"
          onChange={(event) => change({ text: event.target.value })}
        />
        <p id="script-count" className={`${styles.count} ${over ? styles.over : ""}`}>
          {draft.text.length.toLocaleString("en")} of {limit.toLocaleString("en")} characters
        </p>
      </div>
      <div className={styles.controls}>
        <VoicePicker voices={voices} value={draft.voice} onChange={(voice) => change({ voice })} />
        <Slider
          label="Speed"
          min={0.5}
          max={2}
          step={0.05}
          value={draft.rate}
          text={draft.rate === 1 ? "Normal" : `${draft.rate.toFixed(2).replace(/0$/, "")}×`}
          onChange={(rate) => change({ rate })}
        />
      </div>
    </>
  );
}
