import { useState } from "react";

import { api, dubsApi } from "../core/client";
import { readGlossary, writeGlossary } from "../core/dubs";
import type { DubOptions, DubWhole } from "../core/dubsApi";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { useLoad } from "../ui/load";
import { Segments } from "../ui/Segments";
import { useWork } from "../ui/useWork";
import styles from "./Dubs.module.css";
import { BACKGROUNDS } from "./words";

interface SettingsProps {
  dub: DubWhole;
  disabled: boolean;
  onChange: (dub: DubWhole) => void;
}

/** What may be wanted otherwise; each change redoes only what it touches. */
export function Settings({ dub, disabled, onChange }: SettingsProps) {
  const [busy, work] = useWork();
  const [terms, setTerms] = useState(writeGlossary(dub.glossary));
  const voices = useLoad(() => api.voices(), "voices");
  const off = disabled || busy;
  const base = dub.to_language.toLowerCase().split("-")[0];
  const offered = voices.data?.items.filter((voice) => voice.language.toLowerCase().split("-")[0] === base) ?? [];
  const speakers = [...new Map(dub.sentences.map((one) => [one.speaker, one.voice]))];
  const change = (wish: Partial<DubOptions>) => void work(async () => onChange(await dubsApi.change(dub.id, wish)));
  return (
    <details className={styles.settings}>
      <summary>
        Voices, sound and lips
        <Icon name="chevron" size={18} />
      </summary>
      <div className={styles.wishes}>
        {speakers.map(([speaker, voice]) => (
          <label key={speaker} className={styles.wish}>
            Voice of speaker {speaker}
            <select value={voice} disabled={off} onChange={(event) => change({ voices: { ...dub.voices, [speaker]: event.target.value } })}>
              {offered.map(({ id, name, language_name }) => (
                <option key={id} value={id}>
                  {name}, {language_name}
                </option>
              ))}
            </select>
          </label>
        ))}
        <div className={styles.wish}>
          <span>Original sound where somebody speaks</span>
          <Segments label="Original sound" segments={BACKGROUNDS} value={dub.background} disabled={off} onChange={(background) => change({ background })} />
        </div>
        <label className={styles.check}>
          <input type="checkbox" checked={dub.lipsync} disabled={off} onChange={(event) => change({ lipsync: event.target.checked })} />
          Move the lips to the new voice
        </label>
        <label className={styles.wish}>
          Terms to keep, one a line: name = word
          <textarea rows={3} value={terms} disabled={off} onChange={(event) => setTerms(event.target.value)} />
        </label>
        {terms.trim() !== writeGlossary(dub.glossary) && (
          <div>
            <Button disabled={off} onClick={() => change({ glossary: readGlossary(terms) })}>
              Save the terms
            </Button>
          </div>
        )}
      </div>
    </details>
  );
}
