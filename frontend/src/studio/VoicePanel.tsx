import type { Face } from "../api/types";
import type { VoiceSource } from "../core/draft";
import { catalogue } from "../ui/catalogue";
import { useLoad } from "../ui/load";
import { type Tab, Tabs } from "../ui/Tabs";
import { useDraft } from "./draft";
import { Lines } from "./Lines";
import panel from "./Panel.module.css";
import { RecordVoice } from "./RecordVoice";
import { TextVoice } from "./TextVoice";
import { UploadVoice } from "./UploadVoice";
import styles from "./VoicePanel.module.css";

const SOURCES: readonly Tab<VoiceSource>[] = [
  { value: "text", label: "Type", icon: "text" },
  { value: "upload", label: "Upload", icon: "upload" },
  { value: "record", label: "Record", icon: "mic" },
];

export function VoicePanel({ faces }: { faces: readonly Face[] }) {
  const { draft, change } = useDraft();
  const voices = useLoad(catalogue.voices, "voices");
  return (
    <section className={panel.panel} aria-labelledby="voice-title" id="voice-panel" tabIndex={-1}>
      <header className={panel.head}>
        <h2 id="voice-title">Voice</h2>
        <Tabs
          label="Where the voice comes from"
          tabs={SOURCES}
          value={draft.source}
          onChange={(source) => change({ source })}
          panelId="voice-source"
        />
      </header>
      <div role="tabpanel" id="voice-source" aria-labelledby="voice-source-tab" className={styles.body}>
        {draft.source === "text" && <TextVoice voices={voices} />}
        {draft.source === "upload" && <UploadVoice />}
        {draft.source === "record" && <RecordVoice />}
      </div>
      <Lines faces={faces} voices={voices} />
    </section>
  );
}
