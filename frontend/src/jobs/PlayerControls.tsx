import { clock } from "../core/format";
import { Icon } from "../ui/Icon";
import { type Tab, Tabs } from "../ui/Tabs";
import styles from "./Player.module.css";

export type View = "side" | "swipe" | "result";

const VIEWS: readonly Tab<View>[] = [
  { value: "side", label: "Side by side", icon: "columns" },
  { value: "swipe", label: "Compare", icon: "compare" },
  { value: "result", label: "Result", icon: "frame" },
];
const SPEEDS = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2];

interface PlayerControlsProps {
  /** Changes something about the video itself. */
  onVideo: (change: (video: HTMLVideoElement) => void) => void;
  /** What is heard, 0..1; 0 when muted. */
  volume: number;
  playing: boolean;
  time: number;
  duration: number;
  /** null when there is nothing to compare with. */
  view: View | null;
  onView: (view: View) => void;
  onToggle: () => void;
  onSeek: (seconds: number) => void;
  onFullScreen: () => void;
}

export function PlayerControls(props: PlayerControlsProps) {
  const { onVideo, volume, playing, time, duration, view, onView, onToggle, onSeek, onFullScreen } = props;
  const length = Number.isFinite(duration) ? duration : 0;
  return (
    <div className={styles.controls}>
      <div className={styles.transport}>
        <button type="button" className={styles.play} aria-label={playing ? "Pause" : "Play"} onClick={onToggle}>
          <Icon name={playing ? "pause" : "play"} size={22} />
        </button>
        <span className={styles.time}>
          {clock(time)} <span>/ {clock(length)}</span>
        </span>
        <input
          type="range"
          className={styles.scrub}
          min={0}
          max={length || 1}
          step={0.01}
          value={Math.min(time, length || 1)}
          aria-label="Position"
          aria-valuetext={`${clock(time)} of ${clock(length)}`}
          style={{ "--fill": `${length ? (time / length) * 100 : 0}%` } as React.CSSProperties}
          onChange={(event) => onSeek(Number(event.target.value))}
        />
      </div>
      <div className={styles.extras}>
        {view && <Tabs label="What to show" tabs={VIEWS} value={view} onChange={onView} />}
        <span className={styles.gap} />
        <Volume volume={volume} onVideo={onVideo} />
        <label className={styles.speed}>
          <span className="visually-hidden">Playback speed</span>
          <select
            defaultValue="1"
            onChange={(event) => {
              const speed = Number(event.target.value);
              onVideo((element) => (element.playbackRate = speed));
            }}
          >
            {SPEEDS.map((speed) => (
              <option key={speed} value={speed}>{`${speed}×`}</option>
            ))}
          </select>
        </label>
        <button type="button" className={styles.icon} aria-label="Full screen" title="Full screen" onClick={onFullScreen}>
          <Icon name="expand" />
        </button>
      </div>
    </div>
  );
}

function Volume({ volume, onVideo }: Pick<PlayerControlsProps, "volume" | "onVideo">) {
  const silent = volume === 0;
  return (
    <span className={styles.volume}>
      <button
        type="button"
        className={styles.icon}
        aria-label={silent ? "Unmute" : "Mute"}
        onClick={() => {
          onVideo((element) => {
            element.muted = !silent;
            if (silent && element.volume === 0) element.volume = 1;
          });
        }}
      >
        <Icon name={silent ? "mute" : "volume"} />
      </button>
      <input
        type="range"
        className={styles.scrub}
        min={0}
        max={1}
        step={0.02}
        value={volume}
        aria-label="Volume"
        style={{ "--fill": `${volume * 100}%` } as React.CSSProperties}
        onChange={(event) => {
          const chosen = Number(event.target.value);
          onVideo((element) => {
            element.volume = chosen;
            element.muted = false;
          });
        }}
      />
    </span>
  );
}
