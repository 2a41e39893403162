import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { Link } from "react-router";

import { ThemeButton } from "../shell/Header";
import { Button } from "../ui/Button";
import field from "../ui/Field.module.css";
import { Icon } from "../ui/Icon";
import { Notice } from "../ui/Notice";
import { Wordmark } from "../ui/Wordmark";
import { DeviceSelect } from "./DeviceSelect";
import styles from "./Door.module.css";
import { LevelMeter } from "./LevelMeter";
import { type Choices, type Preview, rememberChoices, rememberedChoices, useDevices, usePreview } from "./media";

export interface DoorProps {
  roomName: string;
  /** Who is here, or who invites. */
  line: ReactNode;
  /** What the role may send. */
  may: { microphone: boolean; camera: boolean };
  /** Someone without an account is asked for a name. */
  askName: boolean;
  name: string;
  busy: boolean;
  problem: string | undefined;
  onJoin: (name: string, choices: Choices) => void;
}

function Picture({ camera, on }: { camera: Preview<{ attach: (node: HTMLMediaElement) => unknown; detach: (node: HTMLMediaElement) => unknown }>; on: boolean }) {
  const video = useRef<HTMLVideoElement>(null);
  const { track } = camera;
  useEffect(() => {
    const node = video.current;
    if (!node || !track) return;
    track.attach(node);
    return () => void track.detach(node);
  }, [track]);
  return (
    <>
      {/* The one's own moving picture: it has no words. */}
      <video ref={video} className={styles.video} hidden={!track} muted playsInline aria-label="Your camera" />
      {!track && (
        <p className={styles.noPicture}>
          <Icon name={on && !camera.problem ? "camera" : "cameraOff"} size={40} />
          {camera.problem ? "No picture" : on ? "Starting your camera…" : "Your camera is off"}
        </p>
      )}
    </>
  );
}

/** Two notes on the chosen loudspeaker. */
async function chime(speakerId: string): Promise<void> {
  const context = new AudioContext();
  if (speakerId && "setSinkId" in context) await (context as AudioContext & { setSinkId: (id: string) => Promise<void> }).setSinkId(speakerId);
  for (const [index, hertz] of [523.25, 783.99].entries()) {
    const at = context.currentTime + 0.05 + index * 0.22;
    const note = new OscillatorNode(context, { type: "triangle", frequency: hertz });
    const loud = new GainNode(context, { gain: 0 });
    loud.gain.setValueAtTime(0.0001, at);
    loud.gain.exponentialRampToValueAtTime(0.25, at + 0.02);
    loud.gain.exponentialRampToValueAtTime(0.0001, at + 0.6);
    note.connect(loud).connect(context.destination);
    note.start(at);
    note.stop(at + 0.65);
  }
  setTimeout(() => void context.close(), 1500);
}

/** Before the call: how one looks and sounds, with what, and under which name. */
export function Door({ roomName, line, may, askName, name, busy, problem, onJoin }: DoorProps) {
  const [choices, setChoices] = useState(rememberedChoices);
  const [typed, setTyped] = useState(name);
  const choose = (fields: Partial<Choices>) => setChoices((old) => ({ ...old, ...fields }));
  const microphone = usePreview("microphone", may.microphone && choices.microphone, choices.microphoneId);
  const camera = usePreview("camera", may.camera && choices.camera, choices.cameraId);
  const key = `${Boolean(microphone.track)} ${Boolean(camera.track)}`;
  const microphones = useDevices("audioinput", key);
  const cameras = useDevices("videoinput", key);
  const speakers = useDevices("audiooutput", key);
  const silent = !may.microphone && !may.camera;

  const join = (event: FormEvent) => {
    event.preventDefault();
    rememberChoices(choices);
    onJoin(typed.trim(), {
      ...choices,
      microphone: may.microphone && choices.microphone && !microphone.problem,
      camera: may.camera && choices.camera && !camera.problem,
    });
  };

  return (
    <div className={styles.page}>
      <header className={styles.head}>
        <Link to="/" className={styles.home} aria-label="avsite, to the studio">
          <Wordmark />
        </Link>
        <ThemeButton />
      </header>
      <main className={styles.main} id="main">
        <div className={styles.words}>
          <h1>{roomName}</h1>
          <p>{line}</p>
        </div>
        <div className={styles.preview}>
          {silent ? (
            <p className={styles.noPicture}>
              <Icon name="volume" size={40} />
              You join to watch and listen. Nobody sees or hears you.
            </p>
          ) : (
            <>
              {may.camera ? <Picture camera={camera} on={choices.camera} /> : <p className={styles.noPicture}><Icon name="mic" size={40} />You join with your voice.</p>}
              <div className={styles.toggles}>
                {may.microphone && (
                  <Button className={styles.toggle} icon={choices.microphone ? "mic" : "micOff"} iconOnly aria-pressed={choices.microphone} onClick={() => choose({ microphone: !choices.microphone })}>
                    {choices.microphone ? "Turn microphone off" : "Turn microphone on"}
                  </Button>
                )}
                {may.camera && (
                  <Button className={styles.toggle} icon={choices.camera ? "camera" : "cameraOff"} iconOnly aria-pressed={choices.camera} onClick={() => choose({ camera: !choices.camera })}>
                    {choices.camera ? "Turn camera off" : "Turn camera on"}
                  </Button>
                )}
              </div>
            </>
          )}
        </div>
        <form className={styles.form} onSubmit={join}>
          {askName && (
            <div className={field.field}>
              <label htmlFor="your-name">Your name</label>
              <input id="your-name" value={typed} required maxLength={60} autoComplete="name" placeholder="So that others know who speaks" onChange={(event) => setTyped(event.target.value)} />
            </div>
          )}
          {may.microphone && (
            <div className={styles.check}>
              <DeviceSelect label="Microphone" icon="mic" devices={microphones} value={choices.microphoneId} none="Default microphone" onChange={(microphoneId) => choose({ microphoneId })} />
              {microphone.problem ? (
                <Notice tone="warn" action={<Button size="s" onClick={microphone.again}>Try again</Button>}>{microphone.problem}</Notice>
              ) : (
                <LevelMeter track={microphone.track} label="Microphone level" />
              )}
            </div>
          )}
          {may.camera && (
            <div className={styles.check}>
              <DeviceSelect label="Camera" icon="camera" devices={cameras} value={choices.cameraId} none="Default camera" onChange={(cameraId) => choose({ cameraId })} />
              {camera.problem && (
                <Notice tone="warn" action={<Button size="s" onClick={camera.again}>Try again</Button>}>{camera.problem}</Notice>
              )}
            </div>
          )}
          <div className={styles.speaker}>
            <DeviceSelect label="Loudspeaker" icon="volume" devices={speakers} value={choices.speakerId} none="Default loudspeaker" onChange={(speakerId) => choose({ speakerId })} />
            <Button kind="ghost" size="m" onClick={() => void chime(choices.speakerId).catch(() => undefined)}>
              Test
            </Button>
          </div>
          {problem && <Notice tone="bad">{problem}</Notice>}
          <Button kind="primary" size="l" type="submit" disabled={busy}>
            {busy ? "Joining…" : "Join"}
          </Button>
          {!askName && (
            <p className={styles.help}>
              Something not working? <Link to="/doctor">Check this browser and the server</Link>
            </p>
          )}
        </form>
      </main>
    </div>
  );
}
