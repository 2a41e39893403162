import { useEffect, useState } from "react";
import { useNavigate, useParams } from "react-router";

import type { Job } from "../api/types";
import { api } from "../core/client";
import { ApiError, messageOf } from "../core/errors";
import { ago } from "../core/format";
import { hasEnded } from "../core/jobs";
import { useFeed, useJobs, useLive } from "../shell/live";
import { NotFoundPage } from "../shell/NotFoundPage";
import { useTitle } from "../shell/title";
import { Button, ButtonLink } from "../ui/Button";
import { Notice } from "../ui/Notice";
import { useJobActions } from "./actions";
import { Details } from "./Details";
import styles from "./JobPage.module.css";
import { JobLog } from "./JobLog";
import { Player, type PlayerSource } from "./Player";
import { ShareBox } from "./ShareBox";
import { Working } from "./Working";
import { faceNameOf, lookThumbnail, titleOf } from "./words";

/** The job, loaded once and then kept current by its own socket. */
function useJob(id: string): { job: Job | undefined; error: unknown } {
  const { board } = useLive();
  const [error, setError] = useState<unknown>();
  const job = useJobs().find((one) => one.id === id);
  useEffect(() => {
    let current = true;
    api.job(id).then(
      (loaded) => board.put(loaded),
      (failure: unknown) => current && setError(failure),
    );
    return () => {
      current = false;
      setError(undefined);
    };
  }, [board, id]);
  useFeed(board, job && !hasEnded(job) ? `/ws/jobs/${id}/` : null);
  return { job, error };
}

export function JobPage() {
  const { id = "" } = useParams();
  const { job, error } = useJob(id);
  useTitle(job ? titleOf(job, 40) : "Video");
  if (job) return <JobView job={job} />;
  if (error instanceof ApiError && (error.status === 404 || error.status === 422)) return <NotFoundPage what="video" />;
  if (error) return <Notice tone="bad">{messageOf(error)}</Notice>;
  return <p className="visually-hidden">Loading the video</p>;
}

function sourceOf(job: Job): PlayerSource | null {
  if (job.face && job.source_url) {
    return { media: job.face.media === "video" ? "video" : "image", url: job.source_url };
  }
  const look = lookThumbnail(job);
  return look ? { media: "image", url: look } : null;
}

function JobView({ job }: { job: Job }) {
  const navigate = useNavigate();
  const { cancel, retry, remove } = useJobActions();
  const [busy, setBusy] = useState(false);
  const act = (work: Promise<unknown>) => {
    setBusy(true);
    void work.finally(() => setBusy(false));
  };
  return (
    <article className={styles.page}>
      <header className={styles.head}>
        <ButtonLink to="/jobs" kind="ghost" size="s" icon="back">
          Videos
        </ButtonLink>
        <h1 className={styles.title}>{titleOf(job, 140)}</h1>
        <p className={styles.sub}>
          {faceNameOf(job)} · {ago(job.created_at)}
          {job.from_cache && " · made before, so it took no time"}
        </p>
      </header>

      {!hasEnded(job) && <Working job={job} busy={busy} onCancel={() => act(cancel(job))} />}
      {job.state === "done" && job.video_url && (
        <Player
          videoUrl={job.video_url}
          posterUrl={job.poster_url}
          source={sourceOf(job)}
          syncMode={job.options.sync_mode}
          lipsOf={job.mouth_url ? job.id : null}
        />
      )}
      {job.state === "failed" && (
        <Notice tone="bad" title="This video could not be made">
          {job.error?.message ?? "The reason was not recorded. Try again."}
        </Notice>
      )}
      {job.state === "cancelled" && <Notice title="Cancelled">Nothing was made. You can start it again.</Notice>}
      {job.warnings.map((warning) => (
        <Notice key={warning} tone="warn">
          {warning}
        </Notice>
      ))}

      <div className={styles.actions}>
        {job.state === "done" && job.video_url && (
          <a className={styles.download} href={api.downloadUrl(job.id)} download>
            Download
          </a>
        )}
        {(job.state === "failed" || job.state === "cancelled" || (job.state === "done" && !job.video_url)) && (
          <Button kind="primary" icon="retry" disabled={busy} onClick={() => act(retry(job))}>
            Try again
          </Button>
        )}
        {job.state === "done" && job.video_url && <ShareBox job={job} />}
        {hasEnded(job) && (
          <Button
            kind="ghost"
            icon="trash"
            onClick={() => void remove(job).then((gone) => gone && navigate("/jobs"))}
          >
            Delete
          </Button>
        )}
      </div>

      {hasEnded(job) && <Again job={job} />}
      <Details job={job} />
      <JobLog job={job} />
    </article>
  );
}

function Again({ job }: { job: Job }) {
  const from = (change: string) => `/?from=${job.id}&change=${change}`;
  return (
    <section className={styles.again} aria-labelledby="again-title">
      <h2 id="again-title">Again with…</h2>
      <div className={styles.row}>
        <ButtonLink to={from("text")} icon="text">
          New words
        </ButtonLink>
        <ButtonLink to={from("voice")} icon="volume">
          Another voice
        </ButtonLink>
        <ButtonLink to={from("face")} icon="face">
          Another face
        </ButtonLink>
      </div>
    </section>
  );
}
