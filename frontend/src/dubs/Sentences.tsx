import type { ClipboardEvent, ReactNode } from "react";

import { edited, type Edits, fitNotes, spread, withEdit } from "../core/dubs";
import type { DubSentence, DubWhole, SentenceEdit } from "../core/dubsApi";
import { clock } from "../core/format";
import { Button } from "../ui/Button";
import { useSound } from "../ui/useSound";
import styles from "./Dubs.module.css";

interface SentencesProps {
  dub: DubWhole;
  edits: Edits;
  onEdit: (edits: Edits) => void;
  disabled: boolean;
  /** Buttons of the head. */
  children?: ReactNode;
}

/** All that is said, side by side in both languages, to be read, heard and changed. */
export function Sentences({ dub, edits, onEdit, disabled, children }: SentencesProps) {
  const sound = useSound();
  const { sentences } = dub;
  const soundOf = (sentence: DubSentence) => (sentence.sound_url ? `${sentence.sound_url}?v=${sentence.fit_hash ?? ""}` : null);
  const speakers = [...new Set(sentences.map((one) => edited(one, edits).speaker))];
  const hasHeard = dub.stages.find((stage) => stage.name === "sentences")?.state === "done";
  return (
    <section className={styles.sentences} aria-labelledby="sentences-title">
      <header className={styles.sentencesHead}>
        <h2 id="sentences-title">Sentences</h2>
        {children}
      </header>
      {!sentences.length && (
        <p className={styles.none}>{hasHeard ? "There is nothing to say." : "They appear here once the words are heard."}</p>
      )}
      {sentences.length > 0 && (
        <p className={styles.meta}>Type a translation, or paste many lines into the first: each goes to the sentence after. Only what you change is spoken anew.</p>
      )}
      <ol className={styles.list}>
        {sentences.map((sentence, index) => (
          <SentenceRow
            key={sentence.id}
            number={index + 1}
            sentence={sentence}
            now={edited(sentence, edits)}
            isEdited={edits.has(sentence.id)}
            disabled={disabled}
            speakers={speakers}
            playing={sound.url !== null && sound.url === soundOf(sentence)}
            onHear={() => sound.toggle(soundOf(sentence) ?? "")}
            onEdit={(change) => onEdit(withEdit(edits, sentence, change))}
            onPaste={(text) => onEdit(spread(edits, sentences, index, text))}
          />
        ))}
      </ol>
    </section>
  );
}

interface RowProps {
  number: number;
  sentence: DubSentence;
  now: DubSentence;
  isEdited: boolean;
  disabled: boolean;
  speakers: string[];
  playing: boolean;
  onHear: () => void;
  onEdit: (change: Partial<SentenceEdit>) => void;
  onPaste: (text: string) => void;
}

function SentenceRow({ number, sentence, now, isEdited, disabled, speakers, playing, onHear, onEdit, onPaste }: RowProps) {
  const paste = (event: ClipboardEvent<HTMLTextAreaElement>) => {
    const text = event.clipboardData.getData("text");
    if (!text.trim().includes("\n")) return;
    event.preventDefault();
    onPaste(text);
  };
  const next = String(speakers.length + 1);
  return (
    <li className={styles.sentence} data-testid="sentence" data-new={sentence.is_new} data-changed={isEdited || sentence.changed}>
      <div className={styles.when}>
        <span>{clock(sentence.start)}</span>
        <select aria-label={`Speaker of sentence ${number}`} value={now.speaker} disabled={disabled} onChange={(event) => onEdit({ speaker: event.target.value })}>
          {[...new Set([...speakers, next])].map((name) => (
            <option key={name} value={name}>
              Speaker {name}
            </option>
          ))}
        </select>
      </div>
      <textarea
        aria-label={`Sentence ${number} as it was said`}
        rows={2}
        maxLength={2000}
        value={now.text}
        disabled={disabled}
        onChange={(event) => onEdit({ text: event.target.value })}
      />
      <textarea
        aria-label={`Translation of sentence ${number}`}
        rows={2}
        maxLength={1000}
        value={now.translation}
        placeholder={now.keep ? "The original voice stays" : "What to say instead"}
        disabled={disabled || now.keep}
        onPaste={paste}
        onChange={(event) => onEdit({ translation: event.target.value })}
      />
      <div className={styles.fit}>
        <Button kind="ghost" size="s" icon={playing ? "stop" : "play"} iconOnly disabled={!sentence.sound_url} onClick={onHear}>
          {playing ? "Stop" : `Hear sentence ${number}`}
        </Button>
        <label className={styles.keep}>
          <input type="checkbox" checked={now.keep} disabled={disabled} onChange={(event) => onEdit({ keep: event.target.checked })} />
          Keep voice
        </label>
        <Notes sentence={sentence} isEdited={isEdited} />
      </div>
    </li>
  );
}

function Notes({ sentence, isEdited }: { sentence: DubSentence; isEdited: boolean }) {
  const stale = isEdited || sentence.changed;
  return (
    <p className={styles.notes}>
      {stale && <span data-kind="changed">{isEdited ? "not saved" : "to be spoken anew"}</span>}
      {!stale && fitNotes(sentence).map(({ text, bad }) => (
        <span key={text} data-kind={bad ? "bad" : "calm"}>
          {text}
        </span>
      ))}
      {!stale && sentence.voice_hash && <span data-kind={sentence.is_new ? "new" : "calm"}>{sentence.is_new ? "made" : "kept"}</span>}
    </p>
  );
}
