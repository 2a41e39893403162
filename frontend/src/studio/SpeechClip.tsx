import type { ReactNode } from "react";

import type { Asset } from "../api/types";
import { bytes, clock } from "../core/format";
import { Button } from "../ui/Button";
import { Notice } from "../ui/Notice";
import { useSound } from "../ui/useSound";
import { Waveform } from "../ui/Waveform";
import { Transcript } from "./Transcript";
import caption from "./Caption.module.css";
import styles from "./VoicePanel.module.css";

/** A voice that is ready: its waveform, to hear it, and what to do with it. */
export function SpeechClip({ asset, actions }: { asset: Asset; actions: ReactNode }) {
  const sound = useSound();
  const playing = sound.url === asset.file_url;
  const seconds = asset.info.duration_seconds ?? 0;
  return (
    <div className={styles.clip}>
      <Waveform peaks={asset.peaks} played={sound.fraction} label={`Waveform of ${asset.name}`} height={96} />
      <div className={styles.row}>
        <Button
          kind="primary"
          icon={playing ? "stop" : "play"}
          iconOnly
          onClick={() => sound.toggle(asset.file_url)}
        >
          {playing ? "Stop" : "Play the voice"}
        </Button>
        <div className={caption.words}>
          <p className={caption.name}>{asset.name}</p>
          <p className={caption.meta}>
            {playing ? `${clock(sound.fraction * seconds)} / ` : ""}
            {clock(seconds)} · {bytes(asset.size_bytes)}
          </p>
        </div>
      </div>
      {sound.failed && <Notice tone="warn">Your browser cannot play this format. It can still be used here.</Notice>}
      {asset.notices.map((notice) => (
        <Notice key={notice} tone="warn">
          {notice}
        </Notice>
      ))}
      <Transcript />
      <div className={styles.buttons}>{actions}</div>
    </div>
  );
}
