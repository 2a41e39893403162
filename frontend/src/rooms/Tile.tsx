import { useConnectionQualityIndicator, useIsMuted, useIsSpeaking, VideoTrack } from "@livekit/components-react";
import { ConnectionQuality, type Participant, Track } from "livekit-client";
import { useEffect, useRef, useState } from "react";

import type { AvatarSession } from "../api/rooms";
import { type AvatarMood, MOOD_WORDS, moodOf } from "../core/avatarState";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { Mark } from "../ui/Wordmark";
import type { StagePicture } from "./pictures";
import styles from "./Tile.module.css";

const QUALITY: Partial<Record<ConnectionQuality, { bars: number; words: string }>> = {
  [ConnectionQuality.Excellent]: { bars: 3, words: "Good connection" },
  [ConnectionQuality.Good]: { bars: 2, words: "Fair connection" },
  [ConnectionQuality.Poor]: { bars: 1, words: "Poor connection" },
  [ConnectionQuality.Lost]: { bars: 0, words: "Connection lost" },
};

function Quality({ participant }: { participant: Participant }) {
  const { quality } = useConnectionQualityIndicator({ participant });
  const shown = QUALITY[quality];
  if (!shown) return null;
  return (
    <span className={styles.quality} data-bars={shown.bars} role="img" aria-label={shown.words} title={shown.words}>
      <i />
      <i />
      <i />
    </span>
  );
}

const GLOW = 7;
const GLOW_MS = 1500;

/**
 * The picture itself, blurred, where its shape leaves room. A few pixels drawn now and then and stretched:
 * a blur filter over a moving picture would cost more than the call.
 */
function Glow() {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const draw = () => {
      const video = canvas.current?.parentElement?.querySelector("video");
      const context = video?.videoWidth ? canvas.current?.getContext("2d") : null;
      if (!video || !context) return;
      context.filter = "brightness(0.8)";
      context.drawImage(video, 0, 0, GLOW, GLOW);
    };
    const soon = setTimeout(draw, 300);
    const timer = setInterval(draw, GLOW_MS);
    return () => {
      clearTimeout(soon);
      clearInterval(timer);
    };
  }, []);
  return <canvas ref={canvas} className={styles.glow} width={GLOW} height={GLOW} aria-hidden="true" />;
}

const HUES = [14, 42, 92, 158, 196, 226, 268, 322];

function hueOf(name: string): number {
  let sum = 0;
  for (const letter of name) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return HUES[sum % HUES.length] ?? 14;
}

export function Initial({ name, size }: { name: string; size?: "s" | "l" }) {
  return (
    <span className={styles.initial} data-size={size} style={{ "--hue": hueOf(name) } as React.CSSProperties} aria-hidden="true">
      {(name.trim()[0] ?? "?").toUpperCase()}
    </span>
  );
}

export function MoodChip({ mood }: { mood: AvatarMood }) {
  return (
    <span className={styles.mood} data-mood={mood}>
      {mood === "speaking" ? <span key="bars" className={styles.bars} aria-hidden="true"><i /><i /><i /></span> : <span key="dot" className={styles.dot} aria-hidden="true" />}
      {MOOD_WORDS[mood]}
    </span>
  );
}

export function AvatarBadge() {
  return (
    <span className={styles.badge}>
      <Icon name="spark" size={12} />
      AI avatar
    </span>
  );
}

interface TileProps {
  picture: StagePicture;
  session: AvatarSession | null;
  pinned: boolean;
  onPin: () => void;
  small?: boolean;
}

/** One participant, or one shared screen. */
export function Tile({ picture, session, pinned, onPin, small = false }: TileProps) {
  const { participant, track, kind, local } = picture;
  const speaking = useIsSpeaking(participant);
  const muted = useIsMuted({ participant, source: Track.Source.Microphone });
  const name = participant.name || participant.identity;
  const mood = kind === "avatar" ? moodOf(session, { attribute: participant.attributes["avsite.state"], hasVideo: Boolean(track) }) : null;
  const label = kind === "screen" ? `${name}’s screen` : local ? `${name} (you)` : name;
  const whole = kind !== "person";
  return (
    <article
      className={styles.tile}
      data-kind={kind}
      data-speaking={kind !== "screen" && (mood ? mood === "speaking" : speaking)}
      data-small={small}
      aria-label={label}
    >
      {track && whole && <Glow />}
      {track ? (
        <VideoTrack trackRef={track} className={whole ? styles.whole : styles.filled} data-mirror={local && kind === "person"} aria-label={`Picture of ${label}`} />
      ) : kind === "avatar" ? (
        <Coming name={name} mood={mood ?? "joining"} session={session} />
      ) : (
        <div className={styles.empty}>
          <Initial name={name} />
        </div>
      )}
      <div className={styles.top}>
        {kind === "avatar" && <AvatarBadge />}
        {mood && track && <MoodChip mood={mood} />}
        {!small && (
          <Button className={styles.pin} size="s" icon="pin" iconOnly aria-pressed={pinned} onClick={onPin}>
            {pinned ? `Unpin ${label}` : `Pin ${label}`}
          </Button>
        )}
      </div>
      <div className={styles.bottom}>
        <span className={styles.name}>
          {kind === "person" && muted && <Icon name="micOff" size={15} />}
          <span>{label}</span>
          {kind === "person" && muted && <span className="visually-hidden">, microphone off</span>}
        </span>
        <Quality participant={participant} />
      </div>
      {small && <button type="button" className={styles.enlarge} aria-label={`Show ${label} large`} onClick={onPin} />}
    </article>
  );
}

/** An avatar that is not in sight yet, or will not be. */
export function Coming({ name, mood, session }: { name: string; mood: AvatarMood; session: AvatarSession | null }) {
  const picture = session?.avatar.thumbnail_url;
  // Whoever has no account may not see the picture of somebody's file.
  const [hidden, setHidden] = useState(false);
  const words = session?.message || (mood === "failed" ? `${name} could not join.` : `${name} is joining…`);
  return (
    <div className={styles.coming} data-mood={mood}>
      {picture && !hidden && <img src={picture} alt="" className={styles.faint} onError={() => setHidden(true)} />}
      <div className={styles.comingWords} role="status">
        {mood === "failed" ? <Icon name="alert" size={34} /> : <Mark size={44} speaking />}
        <p>{words}</p>
      </div>
    </div>
  );
}

/** Stands in for an avatar that has been ordered and has no participant yet. */
export function ComingTile({ session }: { session: AvatarSession }) {
  return (
    <article className={styles.tile} data-kind="avatar" aria-label={session.avatar.name}>
      <Coming name={session.avatar.name} mood={moodOf(session, null)} session={session} />
      <div className={styles.top}>
        <AvatarBadge />
      </div>
      <div className={styles.bottom}>
        <span className={styles.name}>
          <span>{session.avatar.name}</span>
        </span>
      </div>
    </article>
  );
}
