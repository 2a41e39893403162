import { useState } from "react";

import { dubsApi } from "../core/client";
import { languageName } from "../core/dubs";
import type { DubWhole } from "../core/dubsApi";
import { type Tab, Tabs } from "../ui/Tabs";
import styles from "./Dubs.module.css";

type Which = "new" | "old";

/** The finished video with its captions, beside what it was made of. */
export function Film({ dub }: { dub: DubWhole }) {
  const [which, setWhich] = useState<Which>("new");
  const shown: Which = dub.video_url ? which : "old";
  const hash = dub.stages.at(-1)?.hash ?? "";
  const tabs: Tab<Which>[] = [
    { value: "new", label: languageName(dub.to_language) },
    { value: "old", label: "Original" },
  ];
  const language = shown === "new" ? dub.to_language : dub.from_language || "en";
  return (
    <section className={styles.film} aria-label="Video">
      {dub.video_url && <Tabs label="Show the video in" tabs={tabs} value={shown} onChange={setWhich} panelId="dub-film" />}
      <div id="dub-film" role={dub.video_url ? "tabpanel" : undefined} aria-labelledby={dub.video_url ? "dub-film-tab" : undefined}>
        {(shown === "new" ? dub.video_url : dub.original_url) ? (
          <video
            key={`${shown}${hash}`}
            aria-label={shown === "new" ? "Dubbed video" : "Original video"}
            controls
            playsInline
            preload="metadata"
            src={shown === "new" ? dubsApi.fileUrl(dub.id, "final.mp4", hash) : (dub.original_url ?? undefined)}
          >
            {dub.video_url && (
              <track
                kind="captions"
                default
                srcLang={language}
                label={languageName(language)}
                src={dubsApi.fileUrl(dub.id, shown === "new" ? "captions.vtt" : "original.vtt", hash)}
              />
            )}
          </video>
        ) : (
          <p className={styles.none}>Its video was deleted.</p>
        )}
      </div>
    </section>
  );
}
