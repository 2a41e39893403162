import { dubsApi } from "../core/client";
import { freshness, stageWords } from "../core/dubs";
import type { DubStage, DubWhole } from "../core/dubsApi";
import { Icon } from "../ui/Icon";
import { Progress } from "../ui/Progress";
import styles from "./Dubs.module.css";

const FILE_WORDS: Record<string, string> = {
  "voice.wav": "Voices alone",
  "mix.wav": "Listen",
  "captions.vtt": "Captions",
  "original.vtt": "Original captions",
  "final.mp4": "Video",
};

/** Every stage: where it is, what it made, and whether it was made now or kept. */
export function Stages({ dub }: { dub: DubWhole }) {
  return (
    <section className={styles.stages} aria-label="Stages">
      <ol>
        {dub.stages.map((stage) => (
          <Stage key={stage.name} dub={dub} stage={stage} />
        ))}
      </ol>
    </section>
  );
}

function Stage({ dub, stage }: { dub: DubWhole; stage: DubStage }) {
  const fresh = freshness(stage);
  const isLong = stage.message.length > 60;
  return (
    <li data-testid={`stage-${stage.name}`} data-state={stage.state} data-fresh={fresh && (stage.is_new ? "new" : "kept")}>
      <span className={styles.dot}>
        {stage.state === "done" && <Icon name="check" size={14} />}
        {stage.state === "failed" && <Icon name="x" size={14} />}
        {stage.state === "needs_you" && <Icon name="user" size={14} />}
        {stage.state === "changed" && <Icon name="retry" size={14} />}
      </span>
      <div className={styles.stage}>
        <p className={styles.stageHead}>
          <strong>{stage.label}</strong>
          {fresh && <span className={styles.fresh}>{fresh}</span>}
          {stage.hash && (
            <code className={styles.hash} title="A hash of all this was made of. The same hash, the same result.">
              {stage.hash.slice(0, 8)}
            </code>
          )}
        </p>
        <p className={styles.meta}>{stageWords(stage)}</p>
        {stage.state === "done" && stage.message && (
          isLong ? (
            <details className={styles.meta}>
              <summary>Good to know</summary>
              {stage.message}
            </details>
          ) : (
            <p className={styles.meta}>{stage.message}</p>
          )
        )}
        {(stage.state === "working" || stage.state === "waiting") && <Progress percent={stage.percent} label={`Progress of ${stage.label}`} />}
        {stage.files.length > 0 && (
          <p className={styles.files}>
            {stage.files.map((name) => (
              <a key={name} href={dubsApi.fileUrl(dub.id, name, stage.hash ?? "")} target="_blank" rel="noreferrer">
                {FILE_WORDS[name] ?? "Data"}
              </a>
            ))}
          </p>
        )}
      </div>
    </li>
  );
}
