import { useEffect, useState } from "react";
import { useSearchParams } from "react-router";

import { api } from "../core/client";
import { type Draft, draftFrom, missingFrom, requestOf, withFace } from "../core/draft";
import { messageOf } from "../core/errors";
import { useLimits } from "../shell/session";
import { useTitle } from "../shell/title";
import { catalogue } from "../ui/catalogue";
import { useToast } from "../ui/Toasts";
import { Mark } from "../ui/Wordmark";
import { Dock } from "./Dock";
import { useDraft } from "./draft";
import { useEstimate } from "./estimate";
import { FacePanel } from "./FacePanel";
import { useFaces } from "./faces";
import { Options } from "./Options";
import styles from "./Studio.module.css";
import { VoicePanel } from "./VoicePanel";

/** Which part of an earlier job is to be made anew. */
const CLEARED: Record<string, (draft: Draft) => Partial<Draft>> = {
  face: () => withFace(null),
  voice: (draft) => (draft.source === "text" ? {} : { upload: null, transcript: "" }),
  text: () => ({ source: "text", text: "", upload: null }),
};

/** Fills the studio from `?from=<job>&change=<part>`, once. */
function usePrefill(): void {
  const [params, setParams] = useSearchParams();
  const { change } = useDraft();
  const say = useToast();
  const from = params.get("from");
  const part = params.get("change") ?? "";
  useEffect(() => {
    if (!from) return;
    let current = true;
    Promise.all([api.job(from), catalogue.looks()]).then(
      ([job, looks]) => {
        if (!current) return;
        const draft = draftFrom(job, looks.items);
        change({ ...draft, ...CLEARED[part]?.(draft) });
        setParams({}, { replace: true });
        document.getElementById(part === "face" ? "face-panel" : part === "text" ? "script" : "voice-panel")?.focus();
      },
      (error: unknown) => current && say(messageOf(error), "bad"),
    );
    return () => {
      current = false;
    };
  }, [from, part, change, say, setParams]);
}

export function StudioPage() {
  useTitle("Studio");
  usePrefill();
  const { draft } = useDraft();
  const limits = useLimits();
  const found = useFaces(draft.face);
  const ready = missingFrom(draft, limits.text_characters) === null;
  const outlook = useEstimate(requestOf(draft, limits.text_characters));
  const [dragging, setDragging] = useState(false);
  useEffect(() => {
    // A file dropped beside a zone would otherwise replace the page and lose everything.
    const onDrag = (event: DragEvent) => {
      event.preventDefault();
      setDragging(event.type === "dragover");
    };
    for (const type of ["dragover", "drop", "dragend"] as const) addEventListener(type, onDrag);
    return () => {
      for (const type of ["dragover", "drop", "dragend"] as const) removeEventListener(type, onDrag);
    };
  }, []);
  return (
    <>
      <div className={styles.opening}>
        <h1>Put a face to any voice</h1>
        <p>A photo or a video, and something to say. You get back a film of that face saying it.</p>
      </div>
      <div className={styles.panels} data-dragging={dragging}>
        <FacePanel found={found} />
        <div className={`${styles.joint} ${ready ? styles.ready : ""}`} aria-hidden="true">
          <Mark size={56} speaking={ready} />
        </div>
        <VoicePanel faces={found.faces} />
      </div>
      <Options engines={outlook && "estimate" in outlook ? outlook.estimate.engines : null} />
      <Dock outlook={outlook} />
    </>
  );
}
