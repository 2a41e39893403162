import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";

import type { Voice } from "../api/types";
import { groupVoices } from "../core/voices";
import { Icon } from "../ui/Icon";
import type { Loaded } from "../ui/load";
import { Notice } from "../ui/Notice";
import { useSound } from "../ui/useSound";
import styles from "./VoicePicker.module.css";

interface VoicePickerProps {
  voices: Loaded<{ items: Voice[]; default: string }>;
  /** Nothing chosen: the default voice. */
  value: string | null | undefined;
  onChange: (id: string) => void;
}

export function VoicePicker({ voices, value, onChange }: VoicePickerProps) {
  if (voices.error) return <Notice tone="bad">{voices.error}</Notice>;
  const { items = [], default: usual = "" } = voices.data ?? {};
  return <Picker voices={items} value={value ?? usual} onChange={onChange} />;
}

interface PickerProps {
  voices: readonly Voice[];
  value: string;
  onChange: (id: string) => void;
}

function detail(voice: Voice): string {
  return [voice.language_name, voice.gender].filter(Boolean).join(", ");
}

function Picker({ voices, value, onChange }: PickerProps) {
  const [open, setOpen] = useState(false);
  const [query, setQuery] = useState("");
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const sound = useSound();
  const chosen = voices.find((voice) => voice.id === value);
  const groups = useMemo(() => groupVoices(voices, query, navigator.languages), [voices, query]);

  const close = () => {
    setOpen(false);
    setQuery("");
    sound.stop();
    button.current?.focus();
  };
  useEffect(() => {
    if (!open) return;
    box.current?.querySelector("[aria-checked=true]")?.scrollIntoView({ block: "center" });
    const onPress = (event: PointerEvent) => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    addEventListener("pointerdown", onPress);
    return () => removeEventListener("pointerdown", onPress);
  }, [open]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      return close();
    }
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    const options = [...(box.current?.querySelectorAll<HTMLElement>("[role=radio]") ?? [])];
    const index = options.indexOf(document.activeElement as HTMLElement);
    options[Math.max(0, Math.min(options.length - 1, index + step))]?.focus();
  };

  return (
    <div className={styles.picker} ref={box}>
      <div className={styles.field}>
        <PlayButton voice={chosen} playing={sound.url === chosen?.sample_url} onPlay={sound.toggle} />
        <button
          ref={button}
          type="button"
          className={styles.open}
          aria-expanded={open}
          aria-haspopup="dialog"
          aria-label={`Voice: ${chosen ? `${chosen.name}, ${detail(chosen)}` : "none"}`}
          onClick={() => (open ? close() : setOpen(true))}
        >
          <span className={styles.words}>
            <strong>{chosen?.name ?? (voices.length ? "Choose a voice" : "Loading voices")}</strong>
            <span>{chosen ? detail(chosen) : ""}</span>
          </span>
          <Icon name="chevron" size={18} />
        </button>
      </div>
      {open && (
        // Arrow keys and Escape serve everything inside.
        // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
        <div className={styles.list} role="dialog" aria-label="Choose a voice" onKeyDown={onKeyDown}>
          <label className={styles.search}>
            <Icon name="search" size={18} />
            <span className="visually-hidden">Search voices</span>
            <input
              type="search"
              // Focus follows the press that opened this list.
              // eslint-disable-next-line jsx-a11y/no-autofocus
              autoFocus
              placeholder="Language or name"
              value={query}
              onChange={(event) => setQuery(event.target.value)}
            />
          </label>
          <div className={styles.scroll} role="radiogroup" aria-label="Voices">
            {groups.map((group) => (
              <div key={group.language} role="group" aria-label={group.language}>
                <p className={styles.language}>{group.language}</p>
                {group.voices.map((voice) => (
                  <div key={voice.id} className={styles.item}>
                    <PlayButton voice={voice} playing={sound.url === voice.sample_url} onPlay={sound.toggle} />
                    <button
                      type="button"
                      role="radio"
                      aria-checked={voice.id === value}
                      className={styles.choose}
                      onClick={() => {
                        onChange(voice.id);
                        close();
                      }}
                    >
                      <span>{voice.name}</span>
                      {voice.gender && <span className={styles.gender}>{voice.gender}</span>}
                      {voice.id === value && <Icon name="check" size={18} />}
                    </button>
                  </div>
                ))}
              </div>
            ))}
            {!groups.length && <p className={styles.none}>No voice matches “{query}”. Try a language, such as “Spanish”.</p>}
          </div>
          {sound.failed && <p className={styles.none} role="alert">This sample cannot be played right now.</p>}
        </div>
      )}
    </div>
  );
}

interface PlayButtonProps {
  voice: Voice | undefined;
  playing: boolean;
  onPlay: (url: string) => void;
}

function PlayButton({ voice, playing, onPlay }: PlayButtonProps) {
  return (
    <button
      type="button"
      className={styles.play}
      disabled={!voice}
      aria-label={playing ? "Stop the sample" : `Play a sample of ${voice?.name ?? "the voice"}`}
      onClick={() => voice && onPlay(voice.sample_url)}
    >
      <Icon name={playing ? "stop" : "play"} size={14} />
    </button>
  );
}
