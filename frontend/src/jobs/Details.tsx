import type { Attempt, Job } from "../api/types";
import { clock, dollars, span } from "../core/format";
import { useNames } from "../ui/catalogue";
import styles from "./Details.module.css";
import { EXPRESSION_WORDS } from "./words";

function tookSeconds(from: string | null, to: string | null): number | null {
  return from && to ? Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000) : null;
}

function Score({ label, value }: { label: string; value: number }) {
  const percent = Math.round(value * 100);
  return (
    <div className={styles.score}>
      <dt>{label}</dt>
      <dd>
        <span className={styles.gauge} aria-hidden="true">
          <span style={{ width: `${percent}%` }} />
        </span>
        {percent} %
      </dd>
    </div>
  );
}

function AttemptLine({ attempt, name }: { attempt: Attempt; name: string }) {
  const took = tookSeconds(attempt.started_at, attempt.finished_at);
  return (
    <li>
      <strong>{name}</strong>
      <span>{[attempt.outcome || "under way", took === null ? "" : span(took)].filter(Boolean).join(", ")}</span>
      {attempt.reason && <span>{attempt.reason}</span>}
      {attempt.error_message && <span className={styles.error}>{attempt.error_message}</span>}
    </li>
  );
}

function engineOf(job: Job, name: (engine: string) => string): string {
  if (job.engine_used) return name(job.engine_used);
  if (job.engine !== "auto") return name(job.engine);
  return job.state === "queued" ? "Chosen when it starts" : "";
}

function expressionOf(job: Job): string {
  const { expression, expression_amount: amount } = job.options;
  if (expression === "neutral" || job.face?.media === "video") return "";
  return `${EXPRESSION_WORDS[expression]}, ${Math.round(amount * 100)} %`;
}

export function Details({ job }: { job: Job }) {
  const took = tookSeconds(job.started_at, job.finished_at);
  const names = useNames();
  const facts: [string, string][] = [
    ["Length", job.state === "done" && job.duration_seconds ? clock(job.duration_seconds) : ""],
    ["Took", took === null ? "" : span(took)],
    ["Cost", job.state === "done" ? dollars(job.cost_usd) : ""],
    ["Engine", engineOf(job, names.engine)],
    ["Voice", job.text ? names.voice(job.voice) : (job.speech?.name ?? "")],
    ["Expression", expressionOf(job)],
    ["Background", job.face?.media === "image" && job.options.background === "blur" ? "Blurred" : ""],
    ["Kept until", job.expires_at ? new Date(job.expires_at).toLocaleDateString(undefined, { dateStyle: "medium" }) : ""],
  ];
  return (
    <section className={styles.details} aria-label="Details">
      <dl className={styles.facts}>
        {facts
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
      {job.quality && (
        <dl className={styles.scores} aria-label="Quality">
          <Score label="Lips match the voice" value={job.quality.sync_score} />
          <Score label="Sound" value={job.quality.audio_quality} />
          <Score label="Picture" value={job.quality.video_quality} />
        </dl>
      )}
      {job.transcript && (
        <details className={styles.fold}>
          <summary>What is said</summary>
          <p className={styles.text}>{job.transcript}</p>
        </details>
      )}
      {job.text.length > 140 && (
        <details className={styles.fold}>
          <summary>The whole text</summary>
          <p className={styles.text}>{job.text}</p>
        </details>
      )}
      {job.attempts.length > 0 && (
        <details className={styles.fold} open={job.state === "failed"}>
          <summary>{job.attempts.length === 1 ? "1 attempt" : `${job.attempts.length} attempts`}</summary>
          <ol className={styles.attempts}>
            {job.attempts.map((attempt) => (
              <AttemptLine key={attempt.started_at} attempt={attempt} name={names.engine(attempt.engine)} />
            ))}
          </ol>
        </details>
      )}
    </section>
  );
}
