import { useCallback, useState } from "react";
import { Link, useNavigate } from "react-router";

import { missingFromBatch, rowsOf } from "../core/batches";
import type { Batch, BatchOutline } from "../core/batchesApi";
import { batchesApi } from "../core/client";
import { messageOf } from "../core/errors";
import { ago, dollars, plural } from "../core/format";
import type { UploadOptions } from "../core/api";
import { useLimits } from "../shell/session";
import { useTitle } from "../shell/title";
import { SoundArt } from "../studio/art";
import { DraftProvider, useDraft } from "../studio/draft";
import { DropZone } from "../studio/DropZone";
import { FacePanel } from "../studio/FacePanel";
import panel from "../studio/Panel.module.css";
import { useSending } from "../studio/useUpload";
import { Button } from "../ui/Button";
import field from "../ui/Field.module.css";
import { Icon } from "../ui/Icon";
import { useLoad } from "../ui/load";
import { Notice } from "../ui/Notice";
import head from "../ui/PageHead.module.css";
import { type Tab, Tabs } from "../ui/Tabs";
import { useWork } from "../ui/useWork";
import styles from "./Batches.module.css";
import { Speeches } from "./Speeches";
import { useRecordings } from "./useRecordings";

type Way = "rows" | "zip";

const WAYS: readonly Tab<Way>[] = [
  { value: "rows", label: "One face", icon: "face" },
  { value: "zip", label: "A ZIP", icon: "upload" },
];
const NAME_LENGTH = 80;

export default function BatchesPage() {
  useTitle("Many at once");
  const [way, setWay] = useState<Way>("rows");
  const [name, setName] = useState("");
  return (
    <div className={styles.page}>
      <header className={head.head}>
        <h1>Many at once</h1>
        <Tabs label="Make them from" tabs={WAYS} value={way} onChange={setWay} panelId="batch-way" />
      </header>
      <div role="tabpanel" id="batch-way" aria-labelledby="batch-way-tab" className={styles.maker}>
        <div className={styles.top}>
          <p className={styles.lead}>
            {way === "rows"
              ? "One face says many things: a video for every line of text and for every recording."
              : "Pairs of files: a.mp4 and a.wav belong together, whatever they are called, and make one video."}
          </p>
          <div className={`${field.field} ${styles.nameField}`}>
            <label htmlFor="batch-name">Name of the batch, if you like</label>
            <input id="batch-name" value={name} maxLength={NAME_LENGTH} onChange={(event) => setName(event.target.value)} />
          </div>
        </div>
        {/* A look at the other way loses nothing of this one. */}
        <div hidden={way !== "rows"} className={styles.maker}>
          <DraftProvider>
            <RowsMaker name={name} />
          </DraftProvider>
        </div>
        {way === "zip" && <ZipMaker name={name} />}
      </div>
      <Earlier />
    </div>
  );
}

function RowsMaker({ name }: { name: string }) {
  const { draft } = useDraft();
  const { recordings, add, remove } = useRecordings();
  const limit = useLimits().text_characters;
  const go = useNavigate();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const ready = recordings.flatMap((one) => (one.asset ? [one.asset] : []));
  const sending = recordings.some((one) => !one.asset && !one.error);
  const missing = missingFromBatch(draft, ready, limit);
  const rows = missing ? [] : rowsOf(draft, ready, limit);
  const submit = async () => {
    if (missing || sending || busy) return;
    setBusy(true);
    setError(null);
    try {
      const batch = await batchesApi.create(name.trim(), rows);
      await go(`/batches/${batch.id}`);
    } catch (failure) {
      setError(messageOf(failure));
      setBusy(false);
    }
  };
  const line = sending ? "Uploading the recordings…" : (missing ?? "The cheapest engine that can do it goes first. Each video ends by itself.");
  return (
    <>
      <div className={styles.panels}>
        <FacePanel />
        <Speeches recordings={recordings} onAdd={add} onRemove={remove} />
      </div>
      {error && <Notice tone="bad">{error}</Notice>}
      <div className={styles.go}>
        <p id="batch-line" aria-live="polite">
          {line}
        </p>
        <Button
          kind="primary"
          size="l"
          aria-disabled={missing !== null || sending || busy}
          aria-describedby="batch-line"
          onClick={() => void submit()}
        >
          {busy ? "Starting" : rows.length ? `Make ${plural(rows.length, "video")}` : "Make the videos"}
        </Button>
      </div>
    </>
  );
}

function ZipMaker({ name }: { name: string }) {
  const go = useNavigate();
  const put = useCallback(
    (file: Blob, fileName: string, options: UploadOptions) => batchesApi.createOfZip(file, fileName, name.trim(), options),
    [name],
  );
  const upload = useSending(put, (batch: Batch) => void go(`/batches/${batch.id}`));
  return (
    <section className={panel.panel} aria-label="ZIP">
      <DropZone
        label="ZIP file"
        accept=".zip,application/zip"
        upload={upload}
        title="Drop a ZIP"
        hint="Its videos are begun as soon as it is here. Or click to browse."
        art={<SoundArt />}
      />
      <details className={styles.more}>
        <summary>
          More than pairs: a list in the ZIP
          <Icon name="chevron" size={18} />
        </summary>
        <p>
          A file <code>rows.json</code> in the ZIP lists the videos instead. <code>face</code> and <code>speech</code> name files of the ZIP; each
          row may have a text, a voice, an engine and options of its own, as in the <a href="/api/v1/docs">API</a>.
        </p>
        <pre>{'[{"name": "Hello", "face": "ada.png", "speech": "hello.wav"},\n {"name": "Bye", "face": "house:maya", "text": "Goodbye."}]'}</pre>
      </details>
    </section>
  );
}

function Earlier() {
  const page = useLoad(() => batchesApi.list(), "batches");
  const [busy, work] = useWork();
  const batches = page.data?.items ?? [];
  const next = page.data?.next_cursor;
  const more = () =>
    work(async () => {
      const got = await batchesApi.list(next ?? undefined);
      page.setData((old) => ({ items: [...old.items, ...got.items], next_cursor: got.next_cursor }));
    });
  return (
    <section className={styles.earlier} aria-labelledby="earlier-title">
      <h2 id="earlier-title">Your batches</h2>
      {page.error && (
        <Notice tone="bad" action={<Button size="s" onClick={page.reload}>Try again</Button>}>
          {page.error}
        </Notice>
      )}
      {page.data && !batches.length && <p className={styles.none}>None yet. What you make here is listed below, and stays.</p>}
      <ul className={styles.list} aria-label="Batches">
        {batches.map((batch) => (
          <OutlineRow key={batch.id} batch={batch} />
        ))}
      </ul>
      {next && (
        <div>
          <Button disabled={busy} onClick={() => void more()}>
            Show older ones
          </Button>
        </div>
      )}
    </section>
  );
}

function OutlineRow({ batch }: { batch: BatchOutline }) {
  const { total, success, failed, unfinished, total_cost_usd: cost } = batch.summary;
  const words = [`${success} of ${plural(total, "video")} done`, failed ? `${failed} not made` : "", unfinished ? `${unfinished} in work` : ""];
  return (
    <li>
      <Link to={`/batches/${batch.id}`} className={styles.outline}>
        <span className={styles.words}>
          <strong>{batch.name || `${plural(total, "video")}, ${ago(batch.created_at)}`}</strong>
          <span className={styles.meta}>
            {[...words, cost ? dollars(cost) : "", batch.name ? ago(batch.created_at) : ""].filter(Boolean).join(" · ")}
          </span>
        </span>
        <Icon name="arrow" size={18} />
      </Link>
    </li>
  );
}
