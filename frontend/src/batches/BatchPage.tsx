import { useEffect, useState } from "react";
import { Link, useParams } from "react-router";

import { followed, isShown, percentOf, type Shown } from "../core/batches";
import type { Batch, BatchItem } from "../core/batchesApi";
import { api, batchesApi } from "../core/client";
import { ago, clock, dollars, plural, span } from "../core/format";
import { STATE_WORDS } from "../jobs/words";
import { useJobs, useLive } from "../shell/live";
import { useTitle } from "../shell/title";
import { Button, ButtonLink } from "../ui/Button";
import { useConfirm } from "../ui/Dialog";
import { useLoad } from "../ui/load";
import { Notice } from "../ui/Notice";
import head from "../ui/PageHead.module.css";
import { Progress } from "../ui/Progress";
import { type Tab, Tabs } from "../ui/Tabs";
import { useWork } from "../ui/useWork";
import styles from "./Batches.module.css";

const LOOK_MS = 5000;
const WORDS: Record<BatchItem["state"], string> = { ...STATE_WORDS, refused: "Not taken" };

export default function BatchPage() {
  const { id = "" } = useParams();
  const loaded = useLoad(() => batchesApi.one(id), id);
  const known = new Map(useJobs().map((job) => [job.id, job]));
  const batch = loaded.data?.id === id ? followed(loaded.data, known) : undefined;
  const working = batch?.status === "processing";
  const { reload } = loaded;
  useTitle(batch?.name || "Batch");
  useEffect(() => {
    if (!working) return;
    // Its jobs are heard of as they change; this finds what was said while nobody listened.
    const timer = setInterval(reload, LOOK_MS);
    return () => clearInterval(timer);
  }, [working, reload]);
  return (
    <div className={styles.page}>
      <div>
        <ButtonLink to="/batches" kind="ghost" size="s" icon="back">
          Many at once
        </ButtonLink>
      </div>
      {loaded.error && !batch && (
        <>
          <h1>Batch</h1>
          <Notice tone="bad" action={<Button size="s" onClick={reload}>Try again</Button>}>
            {loaded.error}
          </Notice>
        </>
      )}
      {batch && <Whole batch={batch} onChange={(changed) => loaded.setData(() => changed)} reload={reload} />}
    </div>
  );
}

function Whole({ batch, onChange, reload }: { batch: Batch; onChange: (batch: Batch) => void; reload: () => void }) {
  const { board } = useLive();
  const ask = useConfirm();
  const [busy, work] = useWork();
  const again = batch.items.filter((item) => item.job_id && (item.state === "failed" || item.state === "cancelled"));
  const { unfinished } = batch.summary;
  const stop = () =>
    work(async () => {
      const body = "Videos that are done stay. What a paid service has started may still be billed.";
      if (!(await ask({ title: `Stop ${plural(unfinished, "video")}?`, body, confirm: "Stop them" }))) return;
      const stopped = await batchesApi.cancel(batch.id);
      const jobs = stopped.items.flatMap((item) => (item.job_id ? [item.job_id] : []));
      for (const id of jobs) if (board.get(id)) board.onStale(id);
      onChange(stopped);
    });
  const retry = (items: BatchItem[]) =>
    work(async () => {
      for (const item of items) if (item.job_id) board.put(await api.retryJob(item.job_id));
      reload();
    });
  return (
    <>
      <header className={head.head}>
        <h1>{batch.name || plural(batch.summary.total, "video")}</h1>
        <div className={styles.buttons}>
          {unfinished > 0 && (
            <Button icon="x" disabled={busy} onClick={() => void stop()}>
              Stop the rest
            </Button>
          )}
          {again.length > 0 && (
            <Button icon="retry" disabled={busy} onClick={() => void retry(again)}>
              {again.length === 1 ? "Try the failed one again" : `Try ${again.length} again`}
            </Button>
          )}
        </div>
      </header>
      <Sums batch={batch} />
      <Items batch={batch} busy={busy} onRetry={(item) => void retry([item])} />
    </>
  );
}

function Sums({ batch }: { batch: Batch }) {
  const { total, success, failed, unfinished, total_duration: length, total_cost_usd: cost } = batch.summary;
  const facts: [string, string][] = [
    ["Done", `${success} of ${total}`],
    ["Not made", String(failed)],
    ["In work", String(unfinished)],
    ["Length", length ? span(length) : "–"],
    ["Cost", dollars(cost)],
  ];
  return (
    <section className={styles.sums} aria-label="Summary">
      <dl>
        {facts.map(([name, value]) => (
          <div key={name} data-bad={name === "Not made" && failed > 0}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {unfinished > 0 && <Progress percent={percentOf(batch.items)} label="Progress of the batch" />}
      <p className={styles.meta}>{unfinished ? `Begun ${ago(batch.created_at)}` : `Finished. Begun ${ago(batch.created_at)}`}</p>
    </section>
  );
}

interface ItemsProps {
  batch: Batch;
  busy: boolean;
  onRetry: (item: BatchItem) => void;
}

function Items({ batch, busy, onRetry }: ItemsProps) {
  const [shown, setShown] = useState<Shown>("all");
  const { total, success, failed, unfinished } = batch.summary;
  const tabs: Tab<Shown>[] = [
    { value: "all", label: `All ${total}` },
    { value: "unfinished", label: `In work ${unfinished}` },
    { value: "done", label: `Done ${success}` },
    { value: "failed", label: `Not made ${failed}` },
  ];
  const items = batch.items.filter((item) => isShown(item, shown));
  return (
    <section className={styles.items} aria-label="Videos of this batch">
      <Tabs label="Show videos that are" tabs={tabs} value={shown} onChange={setShown} panelId="batch-items" />
      <div role="tabpanel" id="batch-items" aria-labelledby="batch-items-tab">
        {!items.length && <p className={styles.none}>No videos in this state.</p>}
        <ol className={styles.list}>
          {items.map((item) => (
            <ItemRow key={item.index} item={item} busy={busy} onRetry={() => onRetry(item)} />
          ))}
        </ol>
      </div>
    </section>
  );
}

function statusOf(item: BatchItem): string {
  if (item.state === "running") return `Working ${item.percent} %`;
  if (item.state === "done") {
    const length = item.duration_seconds ? clock(item.duration_seconds) : "";
    return [WORDS.done, length, item.cost_usd ? dollars(item.cost_usd) : ""].filter(Boolean).join(" · ");
  }
  return WORDS[item.state];
}

function ItemRow({ item, busy, onRetry }: { item: BatchItem; busy: boolean; onRetry: () => void }) {
  const again = item.job_id !== null && (item.state === "failed" || item.state === "cancelled");
  return (
    <li className={styles.item} data-testid="batch-item">
      <span className={styles.number} aria-hidden="true">
        {item.index + 1}
      </span>
      <div className={styles.words}>
        {item.job_id ? (
          <Link to={`/jobs/${item.job_id}`} className={styles.name}>
            {item.name}
          </Link>
        ) : (
          <span className={styles.name}>{item.name}</span>
        )}
        <span className={styles.state} data-state={item.state}>
          {statusOf(item)}
        </span>
        {item.error && <span className={styles.error}>{item.error.message}</span>}
      </div>
      <div className={styles.buttons}>
        {again && (
          <Button kind="ghost" size="s" icon="retry" disabled={busy} onClick={onRetry}>
            Try again
          </Button>
        )}
        {item.state === "done" && item.job_id && (
          <a className={styles.download} href={api.downloadUrl(item.job_id)} download>
            Download<span className="visually-hidden"> {item.name}</span>
          </a>
        )}
      </div>
      {item.state === "running" && (
        <div className={styles.bar}>
          <Progress percent={item.percent} label={`Progress of ${item.name}`} />
        </div>
      )}
    </li>
  );
}
