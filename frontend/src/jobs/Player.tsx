import { useCallback, useEffect, useRef, useState } from "react";

import type { SyncMode } from "../api/types";
import { clock } from "../core/format";
import { follow } from "../core/playback";
import { Icon } from "../ui/Icon";
import { Notice } from "../ui/Notice";
import { Lips } from "./Lips";
import styles from "./Player.module.css";
import { PlayerControls, type View } from "./PlayerControls";

export interface PlayerSource {
  media: "image" | "video";
  url: string;
}

interface PlayerProps {
  videoUrl: string;
  posterUrl: string | null;
  source: PlayerSource | null;
  syncMode?: SyncMode;
  /** The job whose lips can be looked at. */
  lipsOf?: string | null;
}

const STEP_SECONDS = 2;
const FRAME_SECONDS = 1 / 25;

export function Player({ videoUrl, posterUrl, source, syncMode = "bounce", lipsOf = null }: PlayerProps) {
  const result = useRef<HTMLVideoElement>(null);
  const original = useRef<HTMLVideoElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const [playing, setPlaying] = useState(false);
  const [time, setTime] = useState(0);
  const [duration, setDuration] = useState(0);
  const [view, setView] = useState<View>(source ? "side" : "result");
  const [split, setSplit] = useState(50);
  const [failed, setFailed] = useState(false);

  const [volume, setVolume] = useState(1);

  const change = useCallback((apply: (video: HTMLVideoElement) => void) => {
    if (result.current) apply(result.current);
  }, []);
  const toggle = useCallback(() => {
    const video = result.current;
    if (!video) return;
    if (video.paused) void video.play().catch(() => undefined);
    else video.pause();
  }, []);
  const seek = useCallback((seconds: number) => {
    const video = result.current;
    if (!video || !Number.isFinite(video.duration)) return;
    video.currentTime = Math.min(video.duration, Math.max(0, seconds));
    setTime(video.currentTime);
  }, []);
  const fullScreen = useCallback(() => {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void frame.current?.requestFullscreen?.().catch(() => undefined);
  }, []);

  useEffect(() => {
    let handle = 0;
    const tick = () => {
      const video = result.current;
      if (video) {
        setTime(video.currentTime);
        if (original.current) follow(video, original.current, syncMode);
      }
      handle = requestAnimationFrame(tick);
    };
    handle = requestAnimationFrame(tick);
    return () => cancelAnimationFrame(handle);
  }, [syncMode]);

  useShortcuts(frame, {
    " ": toggle,
    k: toggle,
    ArrowLeft: () => seek((result.current?.currentTime ?? 0) - STEP_SECONDS),
    ArrowRight: () => seek((result.current?.currentTime ?? 0) + STEP_SECONDS),
    ",": () => seek((result.current?.currentTime ?? 0) - FRAME_SECONDS),
    ".": () => seek((result.current?.currentTime ?? 0) + FRAME_SECONDS),
    Home: () => seek(0),
    f: fullScreen,
    m: () => {
      if (result.current) result.current.muted = !result.current.muted;
    },
  });

  return (
    <div ref={frame} className={styles.player} role="group" aria-label="Video player">
      <div className={styles.stage} data-view={view}>
        {source && view !== "result" && (
          <figure className={styles.cell}>
            {source.media === "video" ? (
              <video ref={original} src={source.url} muted playsInline preload="auto" aria-label="Source" />
            ) : (
              <img src={source.url} alt="Source" />
            )}
            <figcaption>Source</figcaption>
          </figure>
        )}
        <figure
          className={`${styles.cell} ${styles.result}`}
          style={view === "swipe" ? { clipPath: `inset(0 0 0 ${split}%)` } : undefined}
        >
          {/* A press on the picture plays, as everywhere; the keyboard has its own button. */}
          <video
            ref={result}
            src={videoUrl}
            poster={posterUrl ?? undefined}
            playsInline
            preload="auto"
            aria-label="Result"
            onClick={toggle}
            onPlay={() => setPlaying(true)}
            onPause={() => setPlaying(false)}
            onLoadedMetadata={(event) => setDuration(event.currentTarget.duration)}
            onDurationChange={(event) => setDuration(event.currentTarget.duration)}
            onVolumeChange={({ currentTarget: video }) => setVolume(video.muted ? 0 : video.volume)}
            onError={() => setFailed(true)}
          />
          <figcaption>{source ? "Result" : ""}</figcaption>
          <span className={styles.badge}>AI-generated</span>
        </figure>
        {view === "swipe" && (
          <div className={styles.swipe} style={{ "--split": `${split}%` } as React.CSSProperties}>
            <input
              type="range"
              min={0}
              max={100}
              value={split}
              aria-label="Divider between source and result"
              onChange={(event) => setSplit(Number(event.target.value))}
            />
            <span className={styles.divider} aria-hidden="true">
              <Icon name="compare" size={18} />
            </span>
          </div>
        )}
        {!playing && time === 0 && view !== "swipe" && (
          <button type="button" className={styles.bigPlay} aria-label="Play the result" onClick={toggle}>
            <Icon name="play" size={30} />
          </button>
        )}
      </div>
      {failed && (
        <Notice tone="bad">The video cannot be shown here. Download it, or make it again.</Notice>
      )}
      <PlayerControls
        onVideo={change}
        volume={volume}
        playing={playing}
        time={time}
        duration={duration}
        view={source ? view : null}
        onView={setView}
        onToggle={toggle}
        onSeek={seek}
        onFullScreen={fullScreen}
      />
      {lipsOf && <Lips key={lipsOf} jobId={lipsOf} time={time} duration={duration} onSeek={seek} />}
      <p className="visually-hidden">
        {`${clock(duration)} long. Space plays and pauses, arrow keys move by ${STEP_SECONDS} seconds, comma and full stop by one frame, F is full screen, M mutes.`}
      </p>
    </div>
  );
}

/** Keys anywhere on the page, but not while someone types, moves a slider or presses a button. */
function useShortcuts(frame: React.RefObject<HTMLElement | null>, actions: Record<string, () => void>): void {
  const latest = useRef(actions);
  useEffect(() => {
    latest.current = actions;
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target as HTMLElement;
      if (target.closest("input, textarea, select, [contenteditable], dialog, [role=tablist]")) return;
      if (event.key === " " && target.closest("button, a, summary")) return;
      const action = latest.current[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (!action || !frame.current) return;
      event.preventDefault();
      action();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [frame]);
}
