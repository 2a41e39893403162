import { useCallback, useId, useRef } from "react";

import type { Asset } from "../api/types";
import { SPEECH_FILES } from "../core/files";
import { clock } from "../core/format";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { Notice } from "../ui/Notice";
import { Progress } from "../ui/Progress";
import { type Segment, Segments } from "../ui/Segments";
import { Slider } from "../ui/Slider";
import { useDrop } from "../ui/useDrop";
import { useSound } from "../ui/useSound";
import { useDraft } from "./draft";
import styles from "./SoundChoice.module.css";
import { useUpload } from "./useUpload";

const CLEANING: readonly Segment<"as-is" | "cleaned">[] = [
  { value: "as-is", label: "As it is" },
  { value: "cleaned", label: "Cleaned" },
];

/** The softest music there is, in LU below the speech. */
const SOFTEST = 30;

function loudnessText(below: number): string {
  if (below <= 4) return "As loud as the voice";
  if (below < 16) return "Under the voice";
  return "Barely there";
}

/** What is heard besides the voice. */
export function SoundChoice() {
  const { draft, change } = useDraft();
  const hint = useId();
  const { options } = draft;
  const recorded = draft.source !== "text" || draft.lines.some((line) => line.source === "upload");
  const set = (fields: Partial<typeof options>) => change({ options: { ...options, ...fields } });
  return (
    <fieldset>
      <legend>Sound</legend>
      <Segments
        label="Recording"
        segments={CLEANING}
        value={options.clean_speech ? "cleaned" : "as-is"}
        disabled={!recorded}
        describedBy={hint}
        onChange={(value) => set({ clean_speech: value === "cleaned" })}
      />
      <p id={hint} className={styles.words}>
        {recorded ? "Cleaned: hum, hiss and street noise are taken out of the recording." : "A spoken text has no noise to take out."}
      </p>
      <Music />
      {draft.music && (
        <Slider
          label="Music"
          min={0}
          max={SOFTEST}
          step={1}
          value={SOFTEST - options.music_below_lu}
          text={loudnessText(options.music_below_lu)}
          hint="It steps back further while somebody speaks."
          onChange={(loudness) => set({ music_below_lu: SOFTEST - loudness })}
        />
      )}
    </fieldset>
  );
}

function Music() {
  const { draft, change } = useDraft();
  const input = useRef<HTMLInputElement>(null);
  const onDone = useCallback((music: Asset) => change({ music }), [change]);
  const { state, send, cancel } = useUpload("music", onDone);
  const take = (files: FileList | null) => {
    const file = files?.[0];
    if (file) send(file, file.name);
  };
  const { over, target } = useDrop(take);
  return (
    <div className={styles.music} data-over={over} {...target}>
      <input
        ref={input}
        type="file"
        className="visually-hidden"
        tabIndex={-1}
        aria-label="Music file"
        accept={SPEECH_FILES}
        onChange={(event) => {
          take(event.target.files);
          event.target.value = "";
        }}
      />
      {state.step === "sending" && (
        <div className={styles.line}>
          <div className={styles.grow}>
            <span className={styles.name}>{state.name}</span>
            <Progress percent={state.fraction < 1 ? state.fraction * 100 : null} label={`Uploading ${state.name}`} />
          </div>
          <Button kind="ghost" size="s" icon="x" iconOnly onClick={cancel}>
            Cancel upload
          </Button>
        </div>
      )}
      {state.step === "failed" && (
        <Notice tone="bad" title={state.name}>
          {state.message}
        </Notice>
      )}
      {state.step !== "sending" && draft.music && <Tune music={draft.music} onRemove={() => change({ music: null })} />}
      {state.step !== "sending" && !draft.music && (
        <button type="button" className={styles.add} onClick={() => input.current?.click()}>
          <Icon name="upload" size={18} />
          {over ? "Let go to put it underneath" : "Put music underneath"}
        </button>
      )}
    </div>
  );
}

function Tune({ music, onRemove }: { music: Asset; onRemove: () => void }) {
  const sound = useSound();
  const playing = sound.url === music.file_url;
  return (
    <div className={styles.line}>
      <Button size="s" icon={playing ? "stop" : "play"} iconOnly onClick={() => sound.toggle(music.file_url)}>
        {playing ? "Stop" : "Play the music"}
      </Button>
      <div className={styles.grow}>
        <span className={styles.name}>{music.name}</span>
        <span className={styles.words}>{clock(music.info.duration_seconds ?? 0)}, repeated where it is too short</span>
      </div>
      <Button kind="ghost" size="s" icon="x" iconOnly onClick={onRemove}>
        Remove the music
      </Button>
    </div>
  );
}
