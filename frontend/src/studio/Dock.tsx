import { useRef, useState } from "react";
import { useNavigate } from "react-router";

import type { Estimate } from "../api/types";
import { api } from "../core/client";
import { type Draft, missingFrom, requestOf } from "../core/draft";
import { messageOf } from "../core/errors";
import { priceRange, roughly, span } from "../core/format";
import { useLive } from "../shell/live";
import { useLimits } from "../shell/session";
import { Button } from "../ui/Button";
import { useNames } from "../ui/catalogue";
import { Mark } from "../ui/Wordmark";
import styles from "./Dock.module.css";
import { useDraft } from "./draft";
import type { Outlook } from "./estimate";

function describe({ seconds, cost_usd, most_usd, render_seconds, from_cache }: Estimate, engine: string): string {
  const wait = from_cache
    ? "made before, so it is ready at once"
    : render_seconds === null
      ? ""
      : `ready in ${roughly(render_seconds)}`;
  return [`${span(seconds)} of video`, priceRange(cost_usd, most_usd), engine, wait].filter(Boolean).join(" · ");
}

export function Dock({ outlook }: { outlook: Outlook }) {
  const { draft } = useDraft();
  const limits = useLimits();
  const { board } = useLive();
  const navigate = useNavigate();
  const names = useNames();
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<{ draft: Draft; message: string } | null>(null);
  const sent = useRef({ body: "", key: "" });
  const missing = missingFrom(draft, limits.text_characters);
  const request = requestOf(draft, limits.text_characters);
  // A failure speaks of the draft that was sent; a changed one has not failed yet.
  const failure = failed?.draft === draft ? failed.message : null;

  const submit = async () => {
    if (missing) {
      document.getElementById(missing.part === "face" ? "face-panel" : "voice-panel")?.focus();
      return;
    }
    if (!request || busy) return;
    const body = JSON.stringify(request);
    // The same request sent again after a lost answer must not make a second job.
    if (sent.current.body !== body) sent.current = { body, key: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` };
    setBusy(true);
    setFailed(null);
    try {
      const job = await api.createJob(request, sent.current.key);
      sent.current = { body: "", key: "" };
      board.put(job);
      await navigate(`/jobs/${job.id}`);
    } catch (error) {
      setFailed({ draft, message: messageOf(error) });
    }
    setBusy(false);
  };

  const problem = failure ?? (outlook && "error" in outlook ? outlook.error : null);
  const line = missing
    ? missing.reason
    : outlook && "estimate" in outlook
      ? describe(outlook.estimate, names.engine(outlook.estimate.engine))
      : "Working out what it takes…";
  const reason = !missing && outlook && "estimate" in outlook && outlook.estimate.reason;
  return (
    <div className={styles.dock}>
      <div className={styles.inner}>
        <p id="dock-line" className={problem ? styles.problem : styles.line} aria-live="polite">
          {problem ?? line}
          {!problem && reason && <span className={styles.reason}>{reason}</span>}
        </p>
        <Button
          kind="primary"
          size="l"
          className={styles.go}
          aria-disabled={missing !== null || busy}
          aria-describedby="dock-line"
          onClick={() => void submit()}
        >
          <span className={styles.label}>
            {busy && <Mark size={28} speaking />}
            {busy ? "Starting" : "Make it speak"}
          </span>
        </Button>
      </div>
    </div>
  );
}
