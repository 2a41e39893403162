import { useId, useState } from "react";
import { Link, useNavigate } from "react-router";

import type { Asset } from "../api/types";
import { dubsApi } from "../core/client";
import { DUB_STATES, isWorking, languageName, readGlossary } from "../core/dubs";
import type { Dub, Dubbing, DubRequest } from "../core/dubsApi";
import { messageOf } from "../core/errors";
import { ago, clock } from "../core/format";
import { nearestLanguage } from "../core/voices";
import { useTitle } from "../shell/title";
import { FaceArt } from "../studio/art";
import { DropZone } from "../studio/DropZone";
import { useUpload } from "../studio/useUpload";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { useLoad } from "../ui/load";
import { Notice } from "../ui/Notice";
import head from "../ui/PageHead.module.css";
import { Progress } from "../ui/Progress";
import { Segments } from "../ui/Segments";
import { useWork } from "../ui/useWork";
import styles from "./Dubs.module.css";
import { useDubNews } from "./useDub";
import { BACKGROUNDS } from "./words";

const VIDEO = "video/*,.mp4,.mov,.webm,.mkv";

export default function DubsPage() {
  useTitle("Dubs");
  const known = useLoad(() => dubsApi.languages(), "languages");
  return (
    <div className={styles.page}>
      <header className={head.head}>
        <h1>Dubs</h1>
      </header>
      <p className={styles.lead}>A video in another language, or with other words, and lips that fit. You can stop, edit and go on at every stage.</p>
      {known.error && (
        <Notice tone="bad" action={<Button size="s" onClick={known.reload}>Try again</Button>}>
          {known.error}
        </Notice>
      )}
      {known.data && <Start known={known.data} />}
      <Earlier />
    </div>
  );
}

function Start({ known }: { known: Dubbing }) {
  const go = useNavigate();
  const names = useId();
  const [video, setVideo] = useState<Asset>();
  const [from, setFrom] = useState("");
  const [to, setTo] = useState(() => firstTarget(known));
  const [background, setBackground] = useState<DubRequest["background"]>("remove");
  const [review, setReview] = useState(true);
  const [terms, setTerms] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const upload = useUpload("face", setVideo);
  const wrong = wrongWith(video);
  const begin = async () => {
    if (!video || wrong || busy) return;
    setBusy(true);
    setError(undefined);
    try {
      const wish = { video: video.id, from_language: from, to_language: to, background, review, glossary: readGlossary(terms) };
      await go(`/dubs/${(await dubsApi.create(wish)).id}`);
    } catch (failure) {
      setError(messageOf(failure));
      setBusy(false);
    }
  };
  return (
    <section className={styles.start} aria-label="New dub">
      <DropZone label="Video to dub" accept={VIDEO} upload={upload} title="Drop a video" hint="In which somebody speaks. Or click to browse." art={<FaceArt />}>
        {video && <Chosen video={video} onOther={() => setVideo(undefined)} />}
      </DropZone>
      <div className={styles.wishes}>
        <div className={styles.pair}>
          <label>
            Spoken now
            <select value={from} onChange={(event) => setFrom(event.target.value)}>
              <option value="">Find out</option>
              <Languages known={known} />
            </select>
          </label>
          <Icon name="arrow" />
          <label>
            Dub into
            <select value={to} onChange={(event) => setTo(event.target.value)}>
              <Languages known={known} />
            </select>
          </label>
        </div>
        <div className={styles.wish}>
          <span id={names}>Original sound where somebody speaks</span>
          <Segments label="Original sound" segments={BACKGROUNDS} value={background ?? "remove"} onChange={setBackground} />
        </div>
        <label className={styles.check}>
          <input type="checkbox" checked={review} onChange={(event) => setReview(event.target.checked)} />
          Let me read the translation before it is spoken
        </label>
        <details className={styles.more}>
          <summary>
            Terms to keep
            <Icon name="chevron" size={18} />
          </summary>
          <textarea
            aria-label="Terms to keep"
            value={terms}
            rows={3}
            placeholder={"One a line: avsite\nblue whale = Blauwal"}
            onChange={(event) => setTerms(event.target.value)}
          />
        </details>
        {!known.translates && <Notice tone="warn">{known.note}</Notice>}
        {(wrong ?? error) && <Notice tone="bad">{wrong ?? error}</Notice>}
        <Button kind="primary" size="l" aria-disabled={!video || !!wrong || busy} onClick={() => void begin()}>
          {busy ? "Starting" : "Dub it"}
        </Button>
      </div>
    </section>
  );
}

function Languages({ known }: { known: Dubbing }) {
  return known.languages.map(({ tag, name }) => (
    <option key={tag} value={tag}>
      {name}
    </option>
  ));
}

/** The reader's own language, where it is not English: that is what people mostly dub from. */
function firstTarget(known: Dubbing): string {
  const own = nearestLanguage(known.languages, navigator.languages);
  return own && !own.startsWith("en") ? own : "de";
}

function wrongWith(video: Asset | undefined): string | undefined {
  if (!video) return undefined;
  if (video.media !== "video") return "This is a photo. Choose a video in which somebody speaks.";
  if (!video.info.audio_codec) return "This video has no sound. Choose one in which somebody speaks.";
  return undefined;
}

function Chosen({ video, onOther }: { video: Asset; onOther: () => void }) {
  return (
    <div className={styles.chosen}>
      {video.thumbnail_url && <img src={video.thumbnail_url} alt="" />}
      <p>
        <strong>{video.name}</strong>
        {video.media === "video" && <span className={styles.meta}>{clock(video.info.duration_seconds ?? 0)}</span>}
      </p>
      <Button kind="ghost" size="s" icon="x" onClick={onOther}>
        Another one
      </Button>
    </div>
  );
}

function Earlier() {
  const page = useLoad(() => dubsApi.list(), "dubs");
  const [busy, work] = useWork();
  useDubNews((told) => {
    if (told.type === "removed") return page.setData((old) => ({ ...old, items: old.items.filter((dub) => dub.id !== told.id) }));
    const news = told.type === "dub" ? [told.dub] : told.dubs;
    page.setData((old) => {
      const fresh = new Map(news.map((dub) => [dub.id, dub]));
      const items = old.items.map((dub) => fresh.get(dub.id) ?? dub);
      const missing = news.filter((dub) => !old.items.some(({ id }) => id === dub.id));
      return { ...old, items: told.type === "dub" ? [...missing, ...items] : items };
    });
  });
  const dubs = page.data?.items ?? [];
  const next = page.data?.next_cursor;
  const more = () =>
    work(async () => {
      const got = await dubsApi.list(next ?? undefined);
      page.setData((old) => ({ items: [...old.items, ...got.items], next_cursor: got.next_cursor }));
    });
  return (
    <section className={styles.earlier} aria-labelledby="dubs-title">
      <h2 id="dubs-title">Your dubs</h2>
      {page.error && (
        <Notice tone="bad" action={<Button size="s" onClick={page.reload}>Try again</Button>}>
          {page.error}
        </Notice>
      )}
      {page.data && !dubs.length && <p className={styles.none}>None yet. What you begin here is listed below, with everything its stages made.</p>}
      <ul className={styles.list} aria-label="Dubs">
        {dubs.map((dub) => (
          <DubRow key={dub.id} dub={dub} />
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

function DubRow({ dub }: { dub: Dub }) {
  const where = isWorking(dub) && dub.stage_label ? `: ${dub.stage_label}` : "";
  return (
    <li>
      <Link to={`/dubs/${dub.id}`} className={styles.outline}>
        {dub.thumbnail_url && <img src={dub.thumbnail_url} alt="" />}
        <span className={styles.names}>
          <strong>{dub.name}</strong>
          <span className={styles.meta}>
            <span className={styles.state} data-state={dub.state}>
              {DUB_STATES[dub.state]}
              {where}
            </span>
            {` · into ${languageName(dub.to_language)} · ${ago(dub.created_at)}`}
          </span>
          {isWorking(dub) && <Progress percent={dub.percent} label={`Progress of ${dub.name}`} />}
        </span>
        <Icon name="arrow" size={18} />
      </Link>
    </li>
  );
}
