import { useLocalParticipant, useMediaDeviceSelect, useRoomContext } from "@livekit/components-react";
import { useState } from "react";

import { type DeviceUse, deviceList, deviceProblem } from "../core/devices";
import { Button } from "../ui/Button";
import { Icon, type IconName } from "../ui/Icon";
import { Popover } from "../ui/Popover";
import { useToast } from "../ui/Toasts";
import styles from "./ControlBar.module.css";

export type PanelName = "avatar" | "chat" | "people" | "transcript";

interface ControlBarProps {
  sources: readonly string[];
  isHost: boolean;
  captions: boolean;
  onCaptions: (on: boolean) => void;
  panel: PanelName | null;
  onPanel: (panel: PanelName | null) => void;
  unread: number;
  waiting: number;
  onLeave: () => void;
}

export const DEVICE_KINDS: { kind: MediaDeviceKind; label: string }[] = [
  { kind: "audioinput", label: "Microphone" },
  { kind: "audiooutput", label: "Loudspeaker" },
  { kind: "videoinput", label: "Camera" },
];

export function DeviceList({ kind, label }: { kind: MediaDeviceKind; label: string }) {
  const say = useToast();
  const { devices, activeDeviceId, setActiveMediaDevice } = useMediaDeviceSelect({ kind });
  const list = deviceList(devices, kind);
  const choose = async (id: string) => {
    try {
      await setActiveMediaDevice(id);
    } catch (error) {
      say(deviceProblem(kind === "videoinput" ? "camera" : "microphone", error), "bad");
    }
  };
  return (
    <div role="radiogroup" aria-label={label} className={styles.devices}>
      <p>{label}</p>
      {list.map((device, index) => {
        const active = device.id === activeDeviceId || (index === 0 && !list.some((one) => one.id === activeDeviceId));
        return (
          <button key={device.id} type="button" role="radio" aria-checked={active} onClick={() => void choose(device.id)}>
            <span>{device.label}</span>
            {active && <Icon name="check" size={17} />}
          </button>
        );
      })}
      {!list.length && <p className={styles.none}>None found, or not allowed yet.</p>}
    </div>
  );
}

function DeviceMenu({ kinds, label }: { kinds: readonly MediaDeviceKind[]; label: string }) {
  return (
    <Popover
      label={label}
      side="above"
      button={(props) => (
        <button type="button" className={styles.more} aria-label={label} title={label} {...props}>
          <Icon name="chevron" size={16} />
        </button>
      )}
    >
      {() => DEVICE_KINDS.filter(({ kind }) => kinds.includes(kind)).map(({ kind, label: name }) => <DeviceList key={kind} kind={kind} label={name} />)}
    </Popover>
  );
}

interface ToggleProps {
  on: boolean;
  icon: IconName;
  iconOff: IconName;
  words: [string, string];
  busy: boolean;
  onToggle: () => void;
}

function DeviceToggle({ on, icon, iconOff, words, busy, onToggle }: ToggleProps) {
  return (
    <Button className={styles.round} data-state={on ? "on" : "off"} icon={on ? icon : iconOff} iconOnly aria-pressed={on} disabled={busy} onClick={onToggle}>
      {on ? words[0] : words[1]}
    </Button>
  );
}

/** What one can do in the call, within thumb's reach. */
export function ControlBar({ sources, isHost, captions, onCaptions, panel, onPanel, unread, waiting, onLeave }: ControlBarProps) {
  const room = useRoomContext();
  const { localParticipant: me, isMicrophoneEnabled, isCameraEnabled, isScreenShareEnabled } = useLocalParticipant();
  const [busy, setBusy] = useState<DeviceUse | null>(null);
  const say = useToast();
  const act = async (use: DeviceUse, work: () => Promise<unknown>) => {
    setBusy(use);
    try {
      await work();
    } catch (error) {
      const problem = deviceProblem(use, error);
      if (problem) say(problem, "bad");
    }
    setBusy(null);
  };
  const id = (kind: MediaDeviceKind) => room.getActiveDevice(kind);
  const withId = (kind: MediaDeviceKind) => (id(kind) ? { deviceId: id(kind) as string } : {});
  const toggle = (name: PanelName) => onPanel(panel === name ? null : name);
  return (
    <nav className={styles.bar} aria-label="Call">
      {sources.includes("microphone") && (
        <span className={styles.pair}>
          <DeviceToggle
            on={isMicrophoneEnabled} icon="mic" iconOff="micOff" words={["Turn microphone off", "Turn microphone on"]} busy={busy === "microphone"}
            onToggle={() => void act("microphone", () => me.setMicrophoneEnabled(!isMicrophoneEnabled, withId("audioinput")))}
          />
          <DeviceMenu kinds={["audioinput", "audiooutput"]} label="Choose microphone and loudspeaker" />
        </span>
      )}
      {sources.includes("camera") && (
        <span className={styles.pair}>
          <DeviceToggle
            on={isCameraEnabled} icon="camera" iconOff="cameraOff" words={["Turn camera off", "Turn camera on"]} busy={busy === "camera"}
            onToggle={() => void act("camera", () => me.setCameraEnabled(!isCameraEnabled, withId("videoinput")))}
          />
          <DeviceMenu kinds={["videoinput"]} label="Choose camera" />
        </span>
      )}
      {!sources.includes("microphone") && <DeviceMenu kinds={["audiooutput"]} label="Choose loudspeaker" />}
      {sources.includes("screen_share") && (
        <Button
          className={`${styles.round} ${styles.wide}`} data-state={isScreenShareEnabled ? "active" : "plain"} icon="screen" iconOnly
          aria-pressed={isScreenShareEnabled} disabled={busy === "screen"}
          onClick={() => void act("screen", () => me.setScreenShareEnabled(!isScreenShareEnabled, { audio: sources.includes("screen_share_audio") }))}
        >
          {isScreenShareEnabled ? "Stop sharing your screen" : "Share your screen"}
        </Button>
      )}
      <Button className={styles.round} data-state={captions ? "active" : "plain"} icon="captions" iconOnly aria-pressed={captions} onClick={() => onCaptions(!captions)}>
        {captions ? "Hide captions" : "Show captions"}
      </Button>
      <span className={styles.gap} />
      {isHost && (
        <Button className={styles.round} data-state={panel === "avatar" ? "active" : "plain"} icon="face" iconOnly aria-pressed={panel === "avatar"} onClick={() => toggle("avatar")}>
          Avatar
        </Button>
      )}
      <span className={styles.badged}>
        <Button className={styles.round} data-state={panel === "chat" ? "active" : "plain"} icon="chat" iconOnly aria-pressed={panel === "chat"} onClick={() => toggle("chat")}>
          Chat
        </Button>
        {unread > 0 && <span className={styles.count} aria-label={`${unread} unread`}>{unread > 9 ? "9+" : unread}</span>}
      </span>
      <span className={styles.badged}>
        <Button className={styles.round} data-state={panel === "people" ? "active" : "plain"} icon="people" iconOnly aria-pressed={panel === "people"} onClick={() => toggle("people")}>
          People
        </Button>
        {waiting > 0 && <span className={styles.count} aria-label={`${waiting} waiting`}>{waiting}</span>}
      </span>
      <span className={styles.gap} />
      <Button className={styles.leave} icon="leave" onClick={onLeave}>
        Leave
      </Button>
    </nav>
  );
}
