import { type RefObject, useEffect, useState } from "react";
import { Link } from "react-router";

import { plural } from "../core/format";
import type { Layout } from "../core/tiles";
import { ThemeButton } from "../shell/Header";
import { useSession } from "../shell/session";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { Popover } from "../ui/Popover";
import { Mark } from "../ui/Wordmark";
import styles from "./CallHeader.module.css";
import { DEVICE_KINDS, DeviceList } from "./ControlBar";

interface CallHeaderProps {
  name: string;
  locked: boolean;
  people: number;
  layout: Layout;
  onLayout: (layout: Layout) => void;
  /** What fills the screen when asked to. */
  whole: RefObject<HTMLElement | null>;
  sources: readonly string[];
  away: boolean;
  /** Whether what is said is shown and kept, which everybody is told. */
  captioned: boolean;
  transcript: boolean;
  onTranscript: () => void;
}

function FullScreen({ whole }: { whole: RefObject<HTMLElement | null> }) {
  const [on, setOn] = useState(false);
  useEffect(() => {
    const changed = () => setOn(document.fullscreenElement !== null);
    document.addEventListener("fullscreenchange", changed);
    return () => document.removeEventListener("fullscreenchange", changed);
  }, []);
  if (!document.fullscreenEnabled) return null;
  return (
    <Button kind="ghost" icon={on ? "shrink" : "expand"} iconOnly onClick={() => void (on ? document.exitFullscreen() : whole.current?.requestFullscreen())}>
      {on ? "Leave full screen" : "Full screen"}
    </Button>
  );
}

export function CallHeader({ name, locked, people, layout, onLayout, whole, sources, away, captioned, transcript, onTranscript }: CallHeaderProps) {
  const { session } = useSession();
  const other = layout === "grid" ? "focus" : "grid";
  return (
    <header className={styles.head}>
      <Mark size={34} />
      <div className={styles.words}>
        <h1>
          {name}
          {locked && <span className={styles.locked}><Icon name="lock" size={16} /><span className="visually-hidden">, locked</span></span>}
        </h1>
        <p role="status">{away ? "Connection interrupted. Getting you back…" : plural(people, "person", "people")}{captioned && !away && <span className={styles.captioned}>Captions on<span className={styles.kept}>, kept with the room</span></span>}</p>
      </div>
      <div className={styles.tools}>
        <Button kind="ghost" icon="text" iconOnly aria-pressed={transcript} onClick={onTranscript}>
          Captions and transcript
        </Button>
        <Button kind="ghost" icon={other === "grid" ? "grid" : "focus"} iconOnly onClick={() => onLayout(other)}>
          {other === "grid" ? "Show everyone side by side" : "Show one large"}
        </Button>
        <span className={styles.desk}>
          <FullScreen whole={whole} />
        </span>
        <span className={styles.desk}>
          <ThemeButton />
        </span>
        <Popover
          label="Devices and help"
          align="end"
          button={(props) => <Button kind="ghost" icon="sliders" iconOnly {...props}>Devices and help</Button>}
        >
          {() => (
            <>
              {DEVICE_KINDS.filter(({ kind }) => kind === "audiooutput" || sources.includes(kind === "videoinput" ? "camera" : "microphone")).map(({ kind, label }) => (
                <DeviceList key={kind} kind={kind} label={label} />
              ))}
              {session.signed_in && (
                <Link className={styles.help} to="/doctor" target="_blank">
                  <Icon name="pulse" size={18} /> Check what does not work
                </Link>
              )}
            </>
          )}
        </Popover>
      </div>
    </header>
  );
}
