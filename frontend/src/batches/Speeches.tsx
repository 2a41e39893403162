import { useId, useRef } from "react";

import { linesOf } from "../core/batches";
import { SPEECH_FILES } from "../core/files";
import { clock, plural } from "../core/format";
import { useDraft } from "../studio/draft";
import panel from "../studio/Panel.module.css";
import { VoicePicker } from "../studio/VoicePicker";
import { Button } from "../ui/Button";
import { catalogue } from "../ui/catalogue";
import { Icon } from "../ui/Icon";
import { useLoad } from "../ui/load";
import { Progress } from "../ui/Progress";
import { useDrop } from "../ui/useDrop";
import shared from "./Batches.module.css";
import styles from "./Speeches.module.css";
import type { Recording } from "./useRecordings";

interface SpeechesProps {
  recordings: readonly Recording[];
  onAdd: (files: Iterable<File>) => void;
  onRemove: (key: number) => void;
}

/** What is to be said: a video for every line, and one for every recording. */
export function Speeches({ recordings, onAdd, onRemove }: SpeechesProps) {
  const { draft, change } = useDraft();
  const voices = useLoad(catalogue.voices, "voices");
  const id = useId();
  const count = linesOf(draft.text).length;
  return (
    <section className={panel.panel} aria-labelledby={`${id}-title`}>
      <header className={panel.head}>
        <h2 id={`${id}-title`}>Speeches</h2>
      </header>
      <div className={styles.script}>
        <label htmlFor={`${id}-text`}>One line, one video</label>
        <textarea
          id={`${id}-text`}
          placeholder={"Welcome to the first lesson.\nWelcome to the second lesson.\nThat was all, thank you."}
          value={draft.text}
          aria-describedby={`${id}-count`}
          onChange={(event) => change({ text: event.target.value })}
        />
        <p id={`${id}-count`}>{count ? plural(count, "text") : "No texts yet"}</p>
      </div>
      <VoicePicker voices={voices} value={draft.voice} onChange={(voice) => change({ voice })} />
      <RecordingDrop onAdd={onAdd} />
      {recordings.length > 0 && (
        <ul className={styles.recordings} aria-label="Recordings">
          {recordings.map((recording) => (
            <RecordingLine key={recording.key} recording={recording} onRemove={() => onRemove(recording.key)} />
          ))}
        </ul>
      )}
    </section>
  );
}

function RecordingDrop({ onAdd }: { onAdd: (files: Iterable<File>) => void }) {
  const { over, target } = useDrop(onAdd);
  const input = useRef<HTMLInputElement>(null);
  return (
    <div className={styles.drop} data-over={over} {...target}>
      <input
        ref={input}
        type="file"
        multiple
        className="visually-hidden"
        tabIndex={-1}
        aria-label="Recordings to add"
        accept={SPEECH_FILES}
        onChange={(event) => {
          onAdd([...(event.target.files ?? [])]);
          event.target.value = "";
        }}
      />
      <button type="button" onClick={() => input.current?.click()}>
        <Icon name="upload" size={20} />
        <span>{over ? "Let go to add them" : "Add recordings: drop them here, or click to browse"}</span>
      </button>
    </div>
  );
}

function RecordingLine({ recording, onRemove }: { recording: Recording; onRemove: () => void }) {
  const { name, asset, error, fraction } = recording;
  const seconds = asset?.info.duration_seconds;
  return (
    <li className={styles.recording}>
      <div className={shared.words}>
        <span className={shared.name}>{name}</span>
        {error && <span className={shared.error}>{error}</span>}
        {asset && seconds ? <span className={shared.meta}>{clock(seconds)}</span> : null}
        {!asset && !error && <Progress percent={fraction < 1 ? fraction * 100 : null} label={`Uploading ${name}`} />}
      </div>
      <Button kind="ghost" size="s" icon="x" iconOnly onClick={onRemove}>
        {`Remove ${name}`}
      </Button>
    </li>
  );
}
