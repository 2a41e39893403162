import { type PointerEvent, useEffect, useId, useMemo, useRef, useState } from "react";

import type { Mouth } from "../api/types";
import { api } from "../core/client";
import { clock } from "../core/format";
import {
  areaPath, closuresOf, labelsOf, momentWords, phoneAt, type Shape, shapeAt, spanFor, type Stretch, ticksOf, viewStart,
} from "../core/mouth";
import { Icon } from "../ui/Icon";
import { useLoad } from "../ui/load";
import { Notice } from "../ui/Notice";
import fold from "../ui/Fold.module.css";
import styles from "./Lips.module.css";

const KEY = "avsite-lips";
/** Room for a second: sounds come at a dozen a second, and each wants its letter. */
const NAMED_PIXELS = 180;
const UNNAMED_PIXELS = 60;
const STEP_SECONDS = 0.2;
const PAGE_SECONDS = 2;

// Pixels from the top of the drawing.
const TICKS = 18;
const GROUND = 118;
const CURVE = GROUND - TICKS - 6;
const HEIGHT = 156;
const LABELS = 147;

interface LipsProps {
  jobId: string;
  time: number;
  duration: number;
  onSeek: (seconds: number) => void;
}

/** What the mouth did, moment by moment, under the player's time line. */
export function Lips(props: LipsProps) {
  const [open, setOpen] = useState(() => localStorage.getItem(KEY) === "open");
  return (
    <details
      className={`${fold.fold} ${styles.lips}`}
      open={open}
      onToggle={(event) => {
        const now = event.currentTarget.open;
        setOpen(now);
        localStorage.setItem(KEY, now ? "open" : "closed");
      }}
    >
      <summary>
        <Icon name="lips" size={18} />
        Lips
        <Icon name="chevron" size={18} />
      </summary>
      {open && <Loaded {...props} />}
    </details>
  );
}

function Loaded({ jobId, time, duration, onSeek }: LipsProps) {
  const mouth = useLoad(() => api.mouth(jobId), jobId);
  if (mouth.error) return <Notice tone="bad">{mouth.error}</Notice>;
  if (!mouth.data) return <div className={styles.blank} aria-busy="true" />;
  const length = Number.isFinite(duration) && duration > 0 ? duration : mouth.data.openness.length / mouth.data.fps;
  return (
    <div className={styles.panel}>
      <Now mouth={mouth.data} time={time} />
      <Curve mouth={mouth.data} time={time} duration={length} onSeek={onSeek} />
    </div>
  );
}

/** The moment under the playhead, and what the drawing's parts mean. */
function Now({ mouth, time }: { mouth: Mouth; time: number }) {
  const shape = shapeAt(mouth, time);
  const phone = phoneAt(mouth.phones, time);
  return (
    <div className={styles.now} aria-hidden="true">
      <MouthPicture shape={shape} />
      {mouth.phones.length > 0 && <span className={styles.sound}>{phone?.ipa ?? "–"}</span>}
      <span className={styles.amount}>{shape.closure >= 0.5 ? "Shut" : `${Math.round(shape.openness * 100)} % open`}</span>
      <span className={styles.gap} />
      <span className={styles.key}>
        <i className={styles.openKey} /> Open
      </span>
      <span className={styles.key}>
        <i className={styles.shutKey} /> Shut
      </span>
    </div>
  );
}

function MouthPicture({ shape }: { shape: Shape }) {
  const half = 15 + 4 * shape.width - 6 * shape.rounding;
  const gap = shape.openness * 8;
  const lip = 4 - 1.5 * shape.closure;
  const oval = (up: number, down: number) =>
    `M${22 - half} 15Q22 ${15 - 2 * up} ${22 + half} 15Q22 ${15 + 2 * down} ${22 - half} 15Z`;
  return (
    <svg className={styles.mouth} width={44} height={30} viewBox="0 0 44 30">
      <path className={styles.lip} d={oval(gap * 0.6 + lip, gap + lip)} />
      <path className={styles.inside} d={oval(Math.max(0.3, gap * 0.6), Math.max(0.3, gap))} />
    </svg>
  );
}

function useWidth(): [React.RefObject<HTMLDivElement | null>, number] {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!box.current) return;
    const observer = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  return [box, width];
}

interface CurveProps {
  mouth: Mouth;
  time: number;
  duration: number;
  onSeek: (seconds: number) => void;
}

function Curve({ mouth, time, duration, onSeek }: CurveProps) {
  const [box, width] = useWidth();
  const [start, setStart] = useState(0);
  const [dragging, setDragging] = useState(false);
  const help = useId();
  const span = spanFor(width, duration, mouth.phones.some((phone) => phone.ipa) ? NAMED_PIXELS : UNNAMED_PIXELS);
  const from = viewStart(start, span, Math.min(time, duration), duration, dragging);
  if (from !== start) setStart(from);

  const seekTo = (event: PointerEvent<HTMLDivElement>) => {
    const edge = event.currentTarget.getBoundingClientRect();
    const seconds = from + ((event.clientX - edge.left) / edge.width) * span;
    onSeek(Math.min(duration, Math.max(0, seconds)));
  };
  const keys: Record<string, number> = {
    ArrowLeft: time - STEP_SECONDS,
    ArrowDown: time - STEP_SECONDS,
    ArrowRight: time + STEP_SECONDS,
    ArrowUp: time + STEP_SECONDS,
    PageDown: time - PAGE_SECONDS,
    PageUp: time + PAGE_SECONDS,
    Home: 0,
    End: duration,
  };
  return (
    <div
      ref={box}
      role="slider"
      tabIndex={0}
      className={styles.curve}
      data-dragging={dragging}
      aria-label="Lips over time"
      aria-describedby={help}
      aria-valuemin={0}
      aria-valuemax={Math.round(duration * 100) / 100}
      aria-valuenow={Math.round(Math.min(time, duration) * 100) / 100}
      aria-valuetext={`${clock(time)} of ${clock(duration)}, ${momentWords(mouth, time)}`}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        setDragging(true);
        seekTo(event);
      }}
      onPointerMove={(event) => dragging && seekTo(event)}
      onPointerUp={() => setDragging(false)}
      onPointerCancel={() => setDragging(false)}
      onKeyDown={(event) => {
        const wanted = keys[event.key];
        if (wanted === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        onSeek(Math.min(duration, Math.max(0, wanted)));
      }}
    >
      {width > 0 && <Drawing mouth={mouth} from={from} span={span} width={width} time={time} />}
      <span id={help} className="visually-hidden">
        A curve of how far the lips are open. Press or drag to move in the video.
      </span>
    </div>
  );
}

interface DrawingProps {
  mouth: Mouth;
  /** Seconds at the left edge, and seconds in sight. */
  from: number;
  span: number;
  width: number;
  time: number;
}

function Drawing({ mouth, from, span, width, time }: DrawingProps) {
  const clip = useId();
  const scale = width / span;
  const xOf = (seconds: number) => (seconds - from) * scale;
  const view: Stretch = useMemo(() => ({ from, to: from + span }), [from, span]);
  const area = useMemo(() => areaPath(mouth, view, width, CURVE), [mouth, view, width]);
  const closures = useMemo(() => closuresOf(mouth), [mouth]);
  const labels = useMemo(() => labelsOf(mouth.phones, scale), [mouth, scale]);
  const current = phoneAt(mouth.phones, time);
  const head = xOf(time);
  return (
    <svg width={width} height={HEIGHT} aria-hidden="true">
      <clipPath id={clip}>
        <rect width={Math.max(0, head)} height={HEIGHT} />
      </clipPath>
      {ticksOf(view, scale).map((second) => (
        <g key={second} className={styles.tick} transform={`translate(${xOf(second)} 0)`}>
          <line y1={2} y2={GROUND} />
          <text x={5} y={12}>
            {clock(second)}
          </text>
        </g>
      ))}
      <g transform={`translate(0 ${GROUND - CURVE})`}>
        <path className={styles.ahead} d={area} />
        <path className={styles.past} d={area} clipPath={`url(#${clip})`} />
      </g>
      <line className={styles.ground} x2={width} y1={GROUND} y2={GROUND} />
      {closures
        .filter((shut) => shut.to > view.from && shut.from < view.to)
        .map((shut) => (
          <rect
            key={shut.from}
            className={styles.shut}
            x={xOf(shut.from)}
            width={Math.max(3, (shut.to - shut.from) * scale)}
            y={GROUND + 4}
            height={5}
            rx={2.5}
          />
        ))}
      {labels
        .filter((label) => label.at > view.from && label.at < view.to)
        .map((label) => (
          <text
            key={label.phone.start_seconds}
            className={styles.phone}
            data-current={label.phone === current}
            x={xOf(label.at)}
            y={LABELS}
          >
            {label.text}
          </text>
        ))}
      <g className={styles.head} transform={`translate(${head} 0)`}>
        <line y1={2} y2={HEIGHT - 24} />
        <circle cy={GROUND - shapeAt(mouth, time).openness * CURVE} r={5} />
      </g>
    </svg>
  );
}
