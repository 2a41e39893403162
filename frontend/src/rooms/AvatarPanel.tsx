import { useRemoteParticipant } from "@livekit/components-react";
import { type LocalAudioTrack, type RemoteAudioTrack, Track } from "livekit-client";
import { useState } from "react";

import type { AvatarSession, Person } from "../api/rooms";
import type { Expression, Job } from "../api/types";
import { moodOf } from "../core/avatarState";
import { api, roomsApi } from "../core/client";
import { messageOf } from "../core/errors";
import { isOver } from "../core/roomBoard";
import { EXPRESSION_WORDS } from "../jobs/words";
import { Button } from "../ui/Button";
import { useLoad } from "../ui/load";
import { Notice } from "../ui/Notice";
import { type Segment, Segments } from "../ui/Segments";
import { Slider } from "../ui/Slider";
import { type Tab, Tabs } from "../ui/Tabs";
import { useToast } from "../ui/Toasts";
import { useWork } from "../ui/useWork";
import { AvatarPicker, AvatarPicture } from "./AvatarPicker";
import styles from "./AvatarPanel.module.css";
import { Lend, Play, Say } from "./drive";
import { SidePanel } from "./SidePanel";
import { Spectrum } from "./Spectrum";
import { MoodChip } from "./Tile";

type Way = "say" | "lend" | "play";

const WAYS: readonly Tab<Way>[] = [
  { value: "say", label: "Type", icon: "text" },
  { value: "lend", label: "Voice", icon: "mic" },
  { value: "play", label: "Play", icon: "play" },
];
const EXPRESSIONS = Object.entries(EXPRESSION_WORDS).map(([value, label]) => ({ value, label })) as Segment<Expression>[];
const SOUNDS: readonly Segment<"avatar" | "me">[] = [
  { value: "avatar", label: "Avatar" },
  { value: "me", label: "You" },
];

interface AvatarPanelProps {
  slug: string;
  session: AvatarSession | null;
  people: readonly Person[];
  ownAudio: LocalAudioTrack | undefined;
  onClose: () => void;
}

/** The latest known offset, rate and latency, for whoever wants to know how well it goes. */
function Stats({ session }: { session: AvatarSession }) {
  const { stats } = session;
  if (!stats) return null;
  const { fps, first_sound_ms: first, av_offset_ms: { mean } } = stats;
  const figures = [
    fps === null ? "" : `${fps.toFixed(1)} fps`,
    mean === null ? "" : `lips ${mean > 0 ? "+" : ""}${Math.round(mean)} ms`,
    first === null ? "" : `first sound ${Math.round(first)} ms`,
  ];
  return <p className={styles.stats}>{figures.filter(Boolean).join(" · ")}</p>;
}

/** What a host does with the avatar. */
export function AvatarPanel({ slug, session, people, ownAudio, onClose }: AvatarPanelProps) {
  const here = useRemoteParticipant(session?.identity || "-");
  const avatars = useLoad(roomsApi.avatars, "avatars");
  const films = useLoad(() => api.jobs("done", undefined, 6), "films");
  const [choosing, setChoosing] = useState(false);
  const [busy, act] = useWork();
  const working = session !== null && !isOver(session);
  const live = working && session.state === "live";
  const mood = session ? moodOf(session, here ? { attribute: here.attributes["avsite.state"], hasVideo: here.isCameraEnabled } : null) : null;

  const choose = (id: string) =>
    act(async () => {
      await (working ? roomsApi.changeAvatar(slug, session.id, { avatar: id }) : roomsApi.bringIn(slug, { avatar: id }));
      setChoosing(false);
    });

  // A film comes by an order of its own, so whoever is here goes first.
  const show = (job: Job) =>
    act(async () => {
      if (working) await roomsApi.sendAway(slug, session.id);
      await roomsApi.bringIn(slug, { avatar: "file", job: job.id });
      setChoosing(false);
    });

  return (
    <SidePanel title="Avatar" onClose={onClose}>
      <div className={styles.scroll}>
        {session?.state === "failed" && (
          <Notice tone="bad" title={`${session.avatar.name} is not here`}>{session.message}</Notice>
        )}
        {working && (
          <section className={styles.current} aria-label="The avatar here">
            <span className={styles.face}>
              <AvatarPicture avatar={session.avatar} />
            </span>
            <div className={styles.words}>
              <p className={styles.name}>{session.avatar.name}</p>
              {mood && <MoodChip mood={mood} />}
            </div>
            <Button size="s" aria-expanded={choosing} onClick={() => setChoosing(!choosing)}>
              Change
            </Button>
            <Button kind="ghost" size="s" icon="x" iconOnly disabled={busy} onClick={() => void act(() => roomsApi.sendAway(slug, session.id))}>
              Send the avatar away
            </Button>
            {session.message && !live && <p className={styles.message} role="status">{session.message}</p>}
          </section>
        )}
        {(choosing || !working) && (
          <AvatarPicker avatars={avatars} chosen={working ? session.avatar.id : null} busy={busy} onChoose={(id) => void choose(id)} films={films.data?.items ?? []} onFilm={(job) => void show(job)} />
        )}
        {working && !choosing && <Drive slug={slug} session={session} live={live} people={people} speaking={mood === "speaking"} />}
        {working && !choosing && <Look key={session.id} slug={slug} session={session} />}
        {working && !choosing && (
          <Listen avatarAudio={here?.getTrackPublication(Track.Source.Microphone)?.audioTrack as RemoteAudioTrack | undefined} ownAudio={ownAudio} />
        )}
        {working && <Stats session={session} />}
      </div>
    </SidePanel>
  );
}

interface DriveProps {
  slug: string;
  session: AvatarSession;
  live: boolean;
  speaking: boolean;
  people: readonly Person[];
}

function Drive({ slug, session, live, speaking, people }: DriveProps) {
  const [way, setWay] = useState<Way>("say");
  const say = useToast();
  const stop = () => roomsApi.interrupt(slug).catch((error: unknown) => say(messageOf(error), "bad"));
  const active = speaking || session.utterance?.state === "sent" || session.utterance?.state === "speaking";
  return (
    <section className={styles.drive} aria-label="Make it speak">
      <Tabs label="How it speaks" tabs={WAYS} value={way} onChange={setWay} panelId="drive" />
      <div role="tabpanel" id="drive" aria-labelledby="drive-tab">
        {way === "say" && <Say slug={slug} live={live} />}
        {way === "lend" && <Lend slug={slug} session={session} people={people} />}
        {way === "play" && <Play slug={slug} live={live} />}
      </div>
      {session.utterance?.state === "failed" && <Notice tone="bad">{session.utterance.message || "It could not say that. Try again."}</Notice>}
      {active && (
        <Button kind="danger" icon="stop" onClick={() => void stop()}>
          Stop speaking
        </Button>
      )}
    </section>
  );
}

function Look({ slug, session }: { slug: string; session: AvatarSession }) {
  const [amount, setAmount] = useState(session.expression_amount);
  const say = useToast();
  const change = (fields: { expression?: Expression; expression_amount?: number }) =>
    void roomsApi.changeAvatar(slug, session.id, fields).catch((error: unknown) => say(messageOf(error), "bad"));
  if (!["photo", "house"].includes(session.avatar.kind)) return null;
  return (
    <section className={styles.look} aria-label="Expression">
      <h3>Expression</h3>
      <Segments label="Expression" segments={EXPRESSIONS} value={session.expression} onChange={(expression) => change({ expression })} />
      {session.expression !== "neutral" && (
        <div onPointerUp={() => change({ expression_amount: amount })} onKeyUp={() => change({ expression_amount: amount })} role="presentation">
          <Slider label="Amount" min={0.05} max={1} step={0.05} value={amount} text={`${Math.round(amount * 100)} %`} onChange={setAmount} />
        </div>
      )}
    </section>
  );
}

function Listen({ avatarAudio, ownAudio }: { avatarAudio: RemoteAudioTrack | undefined; ownAudio: LocalAudioTrack | undefined }) {
  const [whose, setWhose] = useState<"avatar" | "me">("avatar");
  return (
    <section className={styles.listen} aria-label="Sound">
      <div className={styles.listenHead}>
        <h3>Sound</h3>
        <Segments label="Whose voice to show" segments={SOUNDS} value={whose} onChange={setWhose} />
      </div>
      <div className={styles.canvas}>
        <Spectrum track={whose === "avatar" ? avatarAudio : ownAudio} label={whose === "avatar" ? "Spectrum of the avatar’s voice" : "Spectrum of your voice"} />
      </div>
    </section>
  );
}
