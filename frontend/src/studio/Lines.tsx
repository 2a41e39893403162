import { useCallback, useId } from "react";

import type { Asset, Face, Voice } from "../api/types";
import { type Line, newLine } from "../core/draft";
import { SPEECH_FILES } from "../core/files";
import { clock } from "../core/format";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import type { Loaded } from "../ui/load";
import { useDraft } from "./draft";
import { speakerOf } from "./faces";
import { useUpload } from "./useUpload";
import styles from "./Lines.module.css";
import { VoicePicker } from "./VoicePicker";
import { FaceChoice } from "./WhoSpeaks";

interface LinesProps {
  faces: readonly Face[];
  voices: Loaded<{ items: Voice[]; default: string }>;
}

/** What the others say, one after the other. Nothing where there is one face. */
export function Lines({ faces, voices }: LinesProps) {
  const { draft, change } = useDraft();
  if (!faces.length) return null;
  const first = speakerOf(faces, draft.track)?.track;
  const add = () => {
    const last = draft.lines.at(-1)?.track ?? first;
    const next = faces.find((face) => face.track !== last) ?? faces[0];
    if (!next) return;
    // From now on it matters who says what.
    change({ track: first ?? null, lines: [...draft.lines, newLine(next.track)] });
  };
  const set = (id: string, fields: Partial<Line>) =>
    change({ lines: draft.lines.map((line) => (line.id === id ? { ...line, ...fields } : line)) });
  return (
    <div className={styles.lines}>
      {draft.lines.length > 0 && (
        <ol className={styles.list} aria-label="What others say">
          {draft.lines.map((line, number) => (
            <LineCard
              key={line.id}
              line={line}
              number={number + 2}
              faces={faces}
              voices={voices}
              onChange={set}
              onRemove={() => change({ lines: draft.lines.filter((one) => one.id !== line.id) })}
            />
          ))}
        </ol>
      )}
      <Button icon="plus" kind="ghost" className={styles.add} onClick={add}>
        Add another speaker
      </Button>
    </div>
  );
}

interface CardProps extends LinesProps {
  line: Line;
  /** Its place in the talk, from 1. */
  number: number;
  onChange: (id: string, fields: Partial<Line>) => void;
  onRemove: () => void;
}

function LineCard({ line, number, faces, voices, onChange, onRemove }: CardProps) {
  const { id } = line;
  const set = useCallback((fields: Partial<Line>) => onChange(id, fields), [id, onChange]);
  return (
    <li className={styles.card} aria-label={`Speaker ${number}`}>
      <div className={styles.head}>
        <FaceChoice
          small
          label={`Who speaks as number ${number}`}
          faces={faces}
          value={line.track}
          onChange={(track) => set({ track })}
        />
        <Button size="s" kind="ghost" icon="x" iconOnly onClick={onRemove}>
          Remove this speaker
        </Button>
      </div>
      <Said line={line} set={set} />
      <div className={styles.foot}>
        {line.source === "text" && (
          <VoicePicker voices={voices} value={line.voice} onChange={(voice) => set({ voice })} />
        )}
        <Start line={line} set={set} />
      </div>
    </li>
  );
}

interface PartProps {
  line: Line;
  set: (fields: Partial<Line>) => void;
}

function Said({ line, set }: PartProps) {
  const name = useId();
  const onDone = useCallback((asset: Asset) => set({ source: "upload", upload: asset, transcript: "" }), [set]);
  const upload = useUpload("speech", onDone);
  const { state, send } = upload;
  if (line.source === "upload" && line.upload) {
    return (
      <p className={styles.recording}>
        <Icon name="mic" size={18} />
        <span>{line.upload.name}</span>
        <span className={styles.length}>{clock(line.upload.info.duration_seconds ?? 0)}</span>
        <Button size="s" kind="ghost" onClick={() => set({ source: "text", upload: null })}>
          Type instead
        </Button>
      </p>
    );
  }
  return (
    <div className={styles.script}>
      <label className="visually-hidden" htmlFor={name}>
        What face {line.track} says
      </label>
      <textarea
        id={name}
        rows={2}
        placeholder={`Write what face ${line.track} says…`}
        value={line.text}
        onChange={(event) => set({ source: "text", text: event.target.value })}
      />
      <label className={styles.file}>
        <Icon name="upload" size={16} />
        {state.step === "sending" ? `Uploading ${Math.round(state.fraction * 100)} %` : "Or a recording"}
        <input
          type="file"
          accept={SPEECH_FILES}
          aria-label={`Recording of what face ${line.track} says`}
          onChange={(event) => {
            const file = event.target.files?.[0];
            if (file) send(file, file.name);
          }}
        />
      </label>
      {state.step === "failed" && (
        <p className={styles.failed} role="alert">
          {state.message}
        </p>
      )}
    </div>
  );
}

function Start({ line, set }: PartProps) {
  const name = useId();
  return (
    <p className={styles.start}>
      <label htmlFor={name}>Starts at</label>
      <input
        id={name}
        type="number"
        inputMode="decimal"
        min={0}
        step={0.1}
        placeholder="after"
        title="Seconds from the start; empty: when the one before has finished"
        value={line.start ?? ""}
        onChange={(event) => {
          const seconds = event.target.valueAsNumber;
          set({ start: Number.isFinite(seconds) && seconds >= 0 ? seconds : null });
        }}
      />
      <span>{line.start === null ? "the one before" : "s"}</span>
    </p>
  );
}
