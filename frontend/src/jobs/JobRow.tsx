import { useState } from "react";
import { Link } from "react-router";

import type { Job } from "../api/types";
import { ago, clock, dollars, roughly } from "../core/format";
import { hasEnded } from "../core/jobs";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { Progress } from "../ui/Progress";
import { useJobActions } from "./actions";
import styles from "./JobsPage.module.css";
import { faceNameOf, pictureOf, STATE_WORDS, titleOf } from "./words";

function status(job: Job): string {
  if (job.state === "running") {
    const left = job.seconds_left === null ? "" : `, ${roughly(job.seconds_left)} left`;
    return `${job.stage_label || "Working"} ${Math.round(job.percent)} %${left}`;
  }
  if (job.state === "failed") return job.error?.message ?? STATE_WORDS.failed;
  return STATE_WORDS[job.state];
}

export function JobRow({ job }: { job: Job }) {
  const { cancel, retry, remove } = useJobActions();
  const [busy, setBusy] = useState(false);
  const act = (work: Promise<unknown>) => {
    setBusy(true);
    void work.finally(() => setBusy(false));
  };
  const picture = pictureOf(job);
  const again = job.state === "failed" || job.state === "cancelled";
  return (
    <li className={styles.row}>
      <Link to={`/jobs/${job.id}`} className={styles.link}>
        <span className={styles.poster}>
          {picture && <img src={picture} alt="" loading="lazy" />}
          {job.state === "done" && (
            <span className={styles.play}>
              <Icon name="play" size={16} />
            </span>
          )}
          {job.duration_seconds !== null && job.state === "done" && (
            <span className={styles.length}>{clock(job.duration_seconds)}</span>
          )}
        </span>
        <span className={styles.words}>
          <span className={styles.title}>{titleOf(job, 110)}</span>
          <span className={styles.meta}>
            {[faceNameOf(job), ago(job.created_at), job.cost_usd ? dollars(job.cost_usd) : ""].filter(Boolean).join(" · ")}
          </span>
          <span className={styles.status} data-state={job.state}>
            {status(job)}
          </span>
        </span>
      </Link>
      {!hasEnded(job) && (
        <div className={styles.bar}>
          <Progress percent={job.state === "queued" ? null : job.percent} label={`Progress of ${titleOf(job, 40)}`} />
        </div>
      )}
      <div className={styles.buttons}>
        {!hasEnded(job) && (
          <Button kind="ghost" size="s" icon="x" disabled={busy} onClick={() => act(cancel(job))}>
            Cancel
          </Button>
        )}
        {again && (
          <Button kind="ghost" size="s" icon="retry" disabled={busy} onClick={() => act(retry(job))}>
            Try again
          </Button>
        )}
        {hasEnded(job) && (
          <Button kind="ghost" size="s" icon="trash" iconOnly disabled={busy} onClick={() => act(remove(job))}>
            Delete
          </Button>
        )}
      </div>
    </li>
  );
}
