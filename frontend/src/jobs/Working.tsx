import type { Job } from "../api/types";
import { roughly } from "../core/format";
import { Backdrop } from "../ui/Backdrop";
import { Button } from "../ui/Button";
import { FaceMarks } from "../ui/FaceMarks";
import { Icon } from "../ui/Icon";
import { Progress } from "../ui/Progress";
import { Waveform } from "../ui/Waveform";
import { Mark } from "../ui/Wordmark";
import styles from "./Working.module.css";
import { pictureOf } from "./words";

/** The road every job goes; a stage of an engine's own is shown by its label while it lasts. */
const STAGES = [
  { name: "queued", label: "In line" },
  { name: "voice", label: "Preparing the voice" },
  { name: "face", label: "Finding the face" },
  { name: "render", label: "Making it speak" },
  { name: "finish", label: "Finishing" },
];
const RENDER = 3;
/** Stages in which another company is at work. */
const ELSEWHERE: ReadonlySet<string> = new Set(["remote", "fetch"]);

export function Working({ job, busy, onCancel }: { job: Job; busy: boolean; onCancel: () => void }) {
  const known = STAGES.findIndex((stage) => stage.name === job.stage);
  const at = job.state === "queued" ? 0 : known > 0 ? known : job.stage ? RENDER : 1;
  const label = job.state === "queued" ? "Waiting for its turn" : job.stage_label || "Starting";
  const picture = pictureOf(job);
  return (
    <section className={styles.working} aria-label="Progress">
      <div className={styles.stage}>
        <Backdrop url={picture} />
        {picture ? (
          <div className={styles.fit}>
            <img src={picture} alt="" />
            {job.face && !job.poster_url && <FaceMarks faces={job.face.faces} />}
          </div>
        ) : (
          <Mark size={96} speaking />
        )}
        {job.speech && job.speech.peaks.length > 0 && (
          <div className={styles.wave}>
            <Waveform peaks={job.speech.peaks} played={job.percent / 100} label="Voice" height={44} />
          </div>
        )}
      </div>
      <div className={styles.side}>
        <p className={styles.percent}>
          {Math.round(job.percent)}
          <span>%</span>
        </p>
        <Progress percent={job.state === "queued" ? null : job.percent} label="Progress" />
        <p className={styles.now} aria-live="polite">
          {label}
        </p>
        <p className={styles.left}>
          {job.seconds_left === null ? "You can leave this page; it goes on." : `${sentence(roughly(job.seconds_left))} left`}
        </p>
        <ol className={styles.stages}>
          {STAGES.map((stage, index) => (
            <li
              key={stage.name}
              data-step={index < at ? "past" : index === at ? "now" : "next"}
              aria-current={index === at ? "step" : undefined}
            >
              <span className={styles.dot}>{index < at && <Icon name="check" size={13} />}</span>
              {stage.label}
            </li>
          ))}
        </ol>
        <Button icon="x" disabled={busy} onClick={onCancel}>
          Cancel
        </Button>
        {ELSEWHERE.has(job.stage) && (
          <p className={styles.left}>What the service has started may still cost money after a cancel.</p>
        )}
      </div>
    </section>
  );
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
