import type { Attempt, Job, Quality } from "../api/types";
import { clock, dollars, span } from "../core/format";
import { useNames } from "../ui/catalogue";
import styles from "./Details.module.css";
import { EXPRESSION_WORDS } from "./words";

function tookSeconds(from: string | null, to: string | null): number | null {
  return from && to ? Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000) : null;
}

/** From the first figure on a score is very good, below the second it is poor. */
const BANDS = { sync_score: [0.85, 0.7], audio_quality: [0.9, 0.8], video_quality: [0.85, 0.75] } as const;
type ScoreName = keyof typeof BANDS;
type Band = "good" | "fair" | "poor";
const BAND_WORDS: Record<Band, string> = { good: "very good", fair: "good", poor: "poor" };

function bandOf(name: ScoreName, value: number): Band {
  const [good, fair] = BANDS[name];
  return value >= good ? "good" : value >= fair ? "fair" : "poor";
}

function Score({ name, label, value }: { name: ScoreName; label: string; value: number }) {
  const percent = Math.round(value * 100);
  const band = bandOf(name, value);
  return (
    <div className={styles.score} data-band={band}>
      <dt>{label}</dt>
      <dd>
        <span className={styles.gauge} aria-hidden="true">
          <span style={{ width: `${percent}%` }} />
        </span>
        {percent} %<span className={styles.band}>{BAND_WORDS[band]}</span>
      </dd>
    </div>
  );
}

function Scores({ quality }: { quality: Quality }) {
  return (
    <dl className={styles.scores} aria-label="Quality">
      <Score name="sync_score" label="Lips match the voice" value={quality.sync_score} />
      <Score name="audio_quality" label="Sound" value={quality.audio_quality} />
      <Score name="video_quality" label="Picture" value={quality.video_quality} />
    </dl>
  );
}

function scoresOf(quality: Quality): string {
  const parts = [quality.sync_score, quality.audio_quality, quality.video_quality];
  return `lips, sound, picture ${parts.map((value) => Math.round(value * 100)).join(", ")} %`;
}

const OUTCOME_WORDS: Record<string, string> = { skipped: "not used", "": "under way" };

function AttemptLine({ attempt, name }: { attempt: Attempt; name: string }) {
  const took = tookSeconds(attempt.started_at, attempt.finished_at);
  const facts = [
    OUTCOME_WORDS[attempt.outcome] ?? attempt.outcome,
    took === null || attempt.outcome === "skipped" ? "" : span(took),
    attempt.cost_usd ? dollars(attempt.cost_usd) : "",
    attempt.quality ? scoresOf(attempt.quality) : "",
  ];
  return (
    <li>
      <strong>{name}</strong>
      <span>{facts.filter(Boolean).join(" · ")}</span>
      {attempt.reason && <span className={styles.why}>{attempt.reason}</span>}
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
    ["Cost", job.state === "done" || job.cost_usd ? dollars(job.cost_usd) : ""],
    ["Engine", engineOf(job, names.engine)],
    ["Speakers", job.segments.length ? String(new Set(job.segments.map((one) => one.pick?.track ?? 0)).size) : ""],
    ["Voice", job.text ? names.voice(job.voice) : (job.speech?.name ?? "")],
    ["Recording", job.options.clean_speech && !job.text ? "Cleaned" : ""],
    ["Music", job.music?.name ?? ""],
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
      {job.quality && <Scores quality={job.quality} />}
      {job.segments.length > 0 && (
        <details className={styles.fold}>
          <summary>Who says what</summary>
          <ol className={styles.attempts}>
            {job.segments.map((one, number) => (
              <li key={number}>
                <strong>{one.pick?.track ? `Face ${one.pick.track}` : "The main face"}</strong>
                <span>{one.text || one.transcript || one.speech?.name || "A recording that was deleted"}</span>
              </li>
            ))}
          </ol>
        </details>
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
        <details className={styles.fold} open={job.state === "failed" || job.attempts.length > 1}>
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
