import { type FormEvent, useState } from "react";

import type { AvatarSession, Person } from "../api/rooms";
import type { Asset, Job } from "../api/types";
import { api, roomsApi } from "../core/client";
import { messageOf } from "../core/errors";
import { SPEECH_FILES } from "../core/files";
import { clock } from "../core/format";
import { pictureOf, titleOf } from "../jobs/words";
import { useLimits } from "../shell/session";
import { useUpload } from "../studio/useUpload";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { useLoad } from "../ui/load";
import { Notice } from "../ui/Notice";
import { Progress } from "../ui/Progress";
import { useToast } from "../ui/Toasts";
import styles from "./Drive.module.css";
import { Switch } from "./PeoplePanel";

const NOT_LIVE = "It speaks as soon as it has joined.";

/** Type to speak. */
export function Say({ slug, live }: { slug: string; live: boolean }) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const limit = useLimits().text_characters;
  const say = useToast();
  const words = text.trim();
  const send = async (event: FormEvent) => {
    event.preventDefault();
    if (!words || !live || busy) return;
    setBusy(true);
    try {
      await roomsApi.say(slug, { text: words });
      setText("");
    } catch (error) {
      say(messageOf(error), "bad");
    }
    setBusy(false);
  };
  return (
    <form className={styles.say} onSubmit={(event) => void send(event)}>
      <label className="visually-hidden" htmlFor="say-text">What the avatar should say</label>
      <textarea
        id="say-text"
        value={text}
        maxLength={limit}
        placeholder="Write what it should say…"
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) void send(event);
        }}
      />
      <div className={styles.foot}>
        <span className={styles.hint}>{live ? "Enter says it" : NOT_LIVE}</span>
        <Button kind="primary" icon="lips" type="submit" disabled={!words || !live || busy}>
          Say it
        </Button>
      </div>
    </form>
  );
}

/** Somebody's microphone moves the avatar's mouth. */
export function Lend({ slug, session, people }: { slug: string; session: AvatarSession; people: readonly Person[] }) {
  const say = useToast();
  const me = people.find((one) => one.is_me);
  const others = people.filter((one) => !one.is_me && one.state === "present" && one.role !== "viewer");
  const [busy, setBusy] = useState(false);
  const listen = async (to: string | null) => {
    setBusy(true);
    try {
      await roomsApi.changeAvatar(slug, session.id, { listen_to: to });
    } catch (error) {
      say(messageOf(error), "bad");
    }
    setBusy(false);
  };
  const mine = session.listen_to !== null && session.listen_to === me?.identity;
  return (
    <div className={styles.lend}>
      <Switch on={mine} disabled={busy} label="Speak with my voice" words="Your microphone moves its mouth, and the room hears it from there." onChange={(on) => listen(on ? "me" : null)} />
      {others.map((one) => (
        <Switch key={one.identity} on={session.listen_to === one.identity} disabled={busy} label={`Speak with ${one.name}’s voice`} onChange={(on) => listen(on ? one.identity : null)} />
      ))}
      {mine && <p className={styles.hint}>You do not hear yourself through it; everyone else does.</p>}
    </div>
  );
}

interface Clip {
  key: string;
  title: string;
  seconds: number | null | undefined;
  picture: string | null;
  body: { speech: string } | { job: string };
}

function clipOfJob(job: Job): Clip {
  return { key: job.id, title: titleOf(job, 60), seconds: job.duration_seconds, picture: pictureOf(job), body: { job: job.id } };
}

function clipOfSpeech(asset: Asset): Clip {
  return { key: asset.id, title: asset.name, seconds: asset.info.duration_seconds, picture: null, body: { speech: asset.id } };
}

/** Play a recording, or a video that the studio made. */
export function Play({ slug, live }: { slug: string; live: boolean }) {
  const jobs = useLoad(() => api.jobs("done", undefined, 20), "jobs done");
  const recordings = useLoad(() => api.assets("speech", undefined, 20), "recordings");
  const [busy, setBusy] = useState<string | null>(null);
  const say = useToast();
  const play = async (clip: Clip) => {
    setBusy(clip.key);
    try {
      await roomsApi.say(slug, clip.body);
    } catch (error) {
      say(messageOf(error), "bad");
    }
    setBusy(null);
  };
  const upload = useUpload("speech", (asset) => recordings.setData((old) => ({ ...old, items: [asset, ...old.items.filter((one) => one.id !== asset.id)] })));
  const list = (label: string, clips: readonly Clip[]) =>
    clips.length > 0 && (
      <section aria-label={label}>
        <h4 className={styles.kind}>{label}</h4>
        <ul className={styles.clips}>
          {clips.map((clip) => (
            <li key={clip.key}>
              <button type="button" className={styles.clip} disabled={!live || busy !== null} onClick={() => void play(clip)} aria-label={`Play ${clip.title}`}>
                {clip.picture ? <img src={clip.picture} alt="" loading="lazy" /> : <span className={styles.sound}><Icon name="volume" size={18} /></span>}
                <span className={styles.title}>{clip.title}</span>
                <span className={styles.length}>{clip.seconds ? clock(clip.seconds) : ""}</span>
                <Icon name="play" size={14} />
              </button>
            </li>
          ))}
        </ul>
      </section>
    );
  const none = jobs.data?.items.length === 0 && recordings.data?.items.length === 0;
  return (
    <div className={styles.play}>
      {!live && <p className={styles.hint}>{NOT_LIVE}</p>}
      {(jobs.error ?? recordings.error) && <Notice tone="bad">{jobs.error ?? recordings.error}</Notice>}
      {none && <p className={styles.hint}>Recordings and finished videos turn up here. Upload a recording to start with.</p>}
      {list("Finished videos", (jobs.data?.items ?? []).map(clipOfJob))}
      {list("Recordings", (recordings.data?.items ?? []).map(clipOfSpeech))}
      {upload.state.step === "sending" && <Progress percent={upload.state.fraction < 1 ? upload.state.fraction * 100 : null} label={`Uploading ${upload.state.name}`} />}
      {upload.state.step === "failed" && <Notice tone="bad" title={upload.state.name}>{upload.state.message}</Notice>}
      <label className={styles.upload}>
        <Icon name="upload" size={17} />
        Upload a recording
        <input
          type="file"
          className="visually-hidden"
          accept={SPEECH_FILES}
          onChange={(event) => {
            const file = event.target.files?.[0];
            if (file) upload.send(file, file.name);
            event.target.value = "";
          }}
        />
      </label>
    </div>
  );
}
