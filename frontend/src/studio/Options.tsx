import { useId } from "react";

import type { Background, Candidate, Engine, Expression, SyncMode } from "../api/types";
import { dollars } from "../core/format";
import { EXPRESSION_WORDS } from "../jobs/words";
import { catalogue } from "../ui/catalogue";
import { Icon } from "../ui/Icon";
import { useLoad } from "../ui/load";
import { type Segment, Segments } from "../ui/Segments";
import { Slider } from "../ui/Slider";
import { useDraft } from "./draft";
import { SoundChoice } from "./SoundChoice";
import fold from "../ui/Fold.module.css";
import styles from "./Options.module.css";

const LENGTHS: readonly { value: SyncMode; label: string; words: string }[] = [
  { value: "bounce", label: "Back and forth", words: "As long as the speech. A shorter video runs back and forth, without a jump." },
  { value: "loop", label: "Start again", words: "As long as the speech. A shorter video starts over from its beginning." },
  { value: "remap", label: "Stretch", words: "As long as the speech. The video runs slower or faster to fit." },
  { value: "cut_off", label: "Cut", words: "As long as the shorter of the two." },
  { value: "silence", label: "Play out", words: "As long as the longer of the two. The mouth rests when the speech has ended." },
];

const EXPRESSIONS = Object.entries(EXPRESSION_WORDS).map(([value, label]) => ({ value, label })) as Segment<Expression>[];

const BACKGROUNDS: readonly Segment<Background>[] = [
  { value: "keep", label: "As it is" },
  { value: "blur", label: "Blurred" },
];

function strengthText(value: number): string {
  if (value === 1) return "Natural";
  return value < 1 ? `Softer, ${Math.round(value * 100)} %` : `Stronger, ${Math.round(value * 100)} %`;
}

/** Where it works and what it costs; for the clip at hand, once that is known. */
function engineWords(engine: Engine, candidate: Candidate | undefined): string {
  if (!engine.available) return engine.why_not ?? "Not available here.";
  if (candidate?.why_not) return candidate.why_not;
  const where = engine.remote ? "On another company's servers" : "On this machine";
  if (!engine.usd_per_second) return `${where} · free`;
  const price = candidate ? `${dollars(candidate.cost_usd)} for this clip` : `${dollars(engine.usd_per_second * 60)} a minute`;
  return `${where} · ${price}`;
}

interface RadioProps {
  name: string;
  checked: boolean;
  disabled?: boolean;
  label: string;
  words: string;
  onChoose: () => void;
}

function Radio({ name, checked, disabled, label, words, onChoose }: RadioProps) {
  return (
    <label className={styles.radio}>
      <input type="radio" name={name} checked={checked} disabled={disabled} onChange={onChoose} />
      <span>
        <strong>{label}</strong>
        <span className={styles.words}>{words}</span>
      </span>
    </label>
  );
}

function ExpressionChoice({ filmed }: { filmed: boolean }) {
  const { draft, change } = useDraft();
  const hint = useId();
  const { options } = draft;
  const set = (fields: Partial<typeof options>) => change({ options: { ...options, ...fields } });
  return (
    <fieldset>
      <legend>Expression</legend>
      <Segments
        label="Expression"
        segments={EXPRESSIONS}
        value={options.expression}
        disabled={filmed}
        describedBy={filmed ? hint : undefined}
        onChange={(expression) => set({ expression })}
      />
      {filmed && (
        <p id={hint} className={styles.words}>
          A filmed face keeps its own expression.
        </p>
      )}
      {!filmed && options.expression !== "neutral" && (
        <Slider
          label="Amount"
          min={0.05}
          max={1}
          step={0.05}
          value={options.expression_amount}
          text={`${Math.round(options.expression_amount * 100)} %`}
          hint="How much of it shows while it speaks."
          onChange={(expression_amount) => set({ expression_amount })}
        />
      )}
    </fieldset>
  );
}

function BackgroundChoice() {
  const { draft, change } = useDraft();
  const hint = useId();
  const { face, options } = draft;
  const words =
    face?.kind === "look"
      ? "A drawn avatar keeps its backdrop."
      : face?.kind === "asset" && face.asset.media === "video"
        ? "A video keeps its background."
        : "Blurred, the person stands out as with a portrait lens.";
  return (
    <fieldset>
      <legend>Background</legend>
      <Segments
        label="Background"
        segments={BACKGROUNDS}
        value={options.background}
        disabled={face !== null && (face.kind === "look" || face.asset.media === "video")}
        describedBy={hint}
        onChange={(background) => change({ options: { ...options, background } })}
      />
      <p id={hint} className={styles.words}>
        {words}
      </p>
    </fieldset>
  );
}

function EngineChoice({ engines }: { engines: Candidate[] | null }) {
  const { draft, change } = useDraft();
  const known = useLoad(catalogue.engines, "engines");
  const items = known.data?.items ?? [];
  return (
    <fieldset>
      <legend>Engine</legend>
      <Radio
        name="engine"
        checked={draft.engine === "auto"}
        label="Choose for me"
        words="The best one that can run here and within your budget."
        onChoose={() => change({ engine: "auto" })}
      />
      {items.map((engine) => (
        <Radio
          key={engine.name}
          name="engine"
          checked={draft.engine === engine.name}
          disabled={!engine.available}
          label={engine.label}
          words={engineWords(engine, engines?.find((one) => one.engine === engine.name))}
          onChoose={() => change({ engine: engine.name })}
        />
      ))}
      {items.some((engine) => engine.available && engine.usd_per_second > 0) && <Spend />}
    </fieldset>
  );
}

/** A ceiling for this video alone. */
function Spend() {
  const { draft, change } = useDraft();
  const id = useId();
  return (
    <div className={styles.spend}>
      <label htmlFor={id}>Spend at most</label>
      <span>
        $
        <input
          id={id}
          type="number"
          inputMode="decimal"
          min={0}
          step={0.1}
          placeholder="no limit"
          value={draft.maxCost ?? ""}
          onChange={(event) => {
            const amount = event.target.valueAsNumber;
            change({ maxCost: Number.isFinite(amount) && amount >= 0 ? amount : null });
          }}
        />
      </span>
    </div>
  );
}

export function Options({ engines }: { engines: Candidate[] | null }) {
  const { draft, change } = useDraft();
  const { options } = draft;
  const set = (fields: Partial<typeof options>) => change({ options: { ...options, ...fields } });
  const isVideo = draft.face?.kind === "asset" && draft.face.asset.media === "video";
  return (
    <details className={`${fold.fold} ${styles.options}`}>
      <summary>
        <Icon name="sliders" size={18} />
        Fine-tune
        <Icon name="chevron" size={18} />
      </summary>
      <div className={styles.grid}>
        <fieldset>
          <legend>Movement</legend>
          <Slider
            label="Mouth"
            min={0.3}
            max={1.5}
            step={0.05}
            value={options.mouth_strength}
            text={strengthText(options.mouth_strength)}
            hint="How far the mouth opens."
            onChange={(mouth_strength) => set({ mouth_strength })}
          />
          {!isVideo && (
            <Slider
              label="Head and eyes"
              min={0}
              max={1}
              step={0.05}
              value={options.head_motion}
              text={options.head_motion === 0 ? "Still" : options.head_motion === 1 ? "Lively" : `${Math.round(options.head_motion * 100)} %`}
              hint="Sway, blinks and gaze, for a photo or an avatar."
              onChange={(head_motion) => set({ head_motion })}
            />
          )}
        </fieldset>
        <ExpressionChoice filmed={isVideo} />
        <BackgroundChoice />
        {isVideo && (
          <fieldset>
            <legend>When video and speech differ in length</legend>
            {LENGTHS.map((length) => (
              <Radio
                key={length.value}
                name="sync_mode"
                checked={options.sync_mode === length.value}
                label={length.label}
                words={length.words}
                onChoose={() => set({ sync_mode: length.value })}
              />
            ))}
          </fieldset>
        )}
        <SoundChoice />
        <EngineChoice engines={engines} />
      </div>
    </details>
  );
}
