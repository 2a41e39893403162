import { useEffect, useState } from "react";

import type { Job, LogLine } from "../api/types";
import { api } from "../core/client";
import { messageOf } from "../core/errors";
import { Notice } from "../ui/Notice";
import styles from "./Details.module.css";

/** The job's own log, read when it is opened and again whenever the stage changes. */
export function JobLog({ job }: { job: Job }) {
  const [open, setOpen] = useState(false);
  const [lines, setLines] = useState<LogLine[]>([]);
  const [error, setError] = useState<string | null>(null);
  const { id, state, stage } = job;
  useEffect(() => {
    if (!open) return;
    let current = true;
    api.jobLog(id).then(
      (log) => {
        if (!current) return;
        setLines(log.items);
        setError(null);
      },
      (failure: unknown) => current && setError(messageOf(failure)),
    );
    return () => {
      current = false;
    };
  }, [open, id, state, stage]);
  return (
    <details className={styles.fold} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Log</summary>
      {error && <Notice tone="bad">{error}</Notice>}
      <ol className={styles.log}>
        {lines.map((line, index) => (
          <li key={`${line.at}-${index}`} data-level={line.level}>
            <time dateTime={line.at}>{new Date(line.at).toLocaleTimeString()}</time>
            <span>{line.message}</span>
          </li>
        ))}
        {!lines.length && !error && <li>Nothing yet.</li>}
      </ol>
    </details>
  );
}
