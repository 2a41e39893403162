import { useCallback, useEffect, useRef, useState } from "react";

import type { Asset } from "../api/types";
import { messageOf } from "../core/errors";
import { clock } from "../core/format";
import { Recorder } from "../core/recorder";
import { useLimits } from "../shell/session";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { Notice } from "../ui/Notice";
import { Progress } from "../ui/Progress";
import { useDraft } from "./draft";
import { SpeechClip } from "./SpeechClip";
import { useUpload } from "./useUpload";
import styles from "./VoicePanel.module.css";

const BARS = 27;
const TICK_MS = 80;

function useMeter(recorder: Recorder | null) {
  const [levels, setLevels] = useState<number[]>([]);
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    if (!recorder) return;
    const timer = setInterval(() => {
      setLevels((old) => [...old, recorder.level()].slice(-BARS));
      setSeconds(recorder.seconds);
    }, TICK_MS);
    return () => {
      clearInterval(timer);
      setLevels([]);
      setSeconds(0);
    };
  }, [recorder]);
  return { levels, seconds };
}

export function RecordVoice() {
  const { draft, change } = useDraft();
  const [recorder, setRecorder] = useState<Recorder | null>(null);
  const [asking, setAsking] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const { levels, seconds } = useMeter(recorder);
  const limit = useLimits().speech_seconds;
  const onDone = useCallback((asset: Asset) => change({ recording: asset }), [change]);
  const upload = useUpload("speech", onDone);
  const { send } = upload;

  const start = async () => {
    setError(null);
    setAsking(true);
    change({ recording: null, transcript: "" });
    try {
      setRecorder(await Recorder.start());
    } catch (failure) {
      setError(messageOf(failure));
    }
    setAsking(false);
  };
  const stop = useCallback(async () => {
    if (!recorder) return;
    setRecorder(null);
    const { blob, fileName } = await recorder.stop();
    send(blob, fileName);
  }, [recorder, send]);

  const current = useRef<Recorder>(null);
  useEffect(() => {
    current.current = recorder;
  }, [recorder]);
  useEffect(() => () => current.current?.discard(), []);
  useEffect(() => {
    if (!recorder) return;
    const timer = setTimeout(() => void stop(), limit * 1000);
    return () => clearTimeout(timer);
  }, [recorder, limit, stop]);

  if (recorder) return <Recording levels={levels} seconds={seconds} limit={limit} onStop={() => void stop()} />;
  if (upload.state.step === "sending") {
    return (
      <div className={styles.booth}>
        <p className={styles.say}>Keeping your recording</p>
        <div style={{ width: "min(320px, 100%)" }}>
          <Progress percent={upload.state.fraction * 100} label="Uploading the recording" />
        </div>
      </div>
    );
  }
  if (upload.state.step === "failed") {
    return (
      <div className={styles.booth}>
        <Notice tone="bad" title="The recording was not kept">
          {upload.state.message}
        </Notice>
        <div className={styles.buttons}>
          <Button kind="primary" icon="retry" onClick={upload.again}>
            Try again
          </Button>
          <Button icon="mic" onClick={() => void start()}>
            Record again
          </Button>
        </div>
      </div>
    );
  }
  if (draft.recording) {
    return (
      <div className={styles.booth} style={{ justifyItems: "stretch", padding: 0, textAlign: "left" }}>
        <SpeechClip
          asset={draft.recording}
          actions={
            <Button size="s" icon="mic" onClick={() => void start()}>
              Record again
            </Button>
          }
        />
      </div>
    );
  }
  return (
    <div className={styles.booth}>
      {error && <Notice tone="bad">{error}</Notice>}
      <button
        type="button"
        className={styles.recordButton}
        aria-label="Start recording"
        disabled={asking}
        onClick={() => void start()}
      >
        <Icon name="mic" size={38} />
      </button>
      <p className={styles.say}>{asking ? "Waiting for the microphone" : "Say it yourself"}</p>
      <p className={styles.hint}>
        {asking ? "Your browser is asking whether this page may listen." : "Press, speak, and stop when you are done."}
      </p>
    </div>
  );
}

interface RecordingProps {
  levels: number[];
  seconds: number;
  limit: number;
  onStop: () => void;
}

function Recording({ levels, seconds, limit, onStop }: RecordingProps) {
  const quiet = seconds > 3 && Math.max(...levels) < 0.25;
  return (
    <div className={styles.booth}>
      <div className={styles.meter} aria-hidden="true">
        {Array.from({ length: BARS }, (_, index) => (
          <span key={index} style={{ height: `${(levels[levels.length - BARS + index] ?? 0) * 100}%` }} />
        ))}
      </div>
      <p className={styles.timer} role="timer" aria-label="Recorded time">
        {clock(seconds)}
      </p>
      <p className={styles.hint}>{quiet ? "I cannot hear anything. Is the microphone on?" : `Up to ${clock(limit)}`}</p>
      <Button kind="primary" size="l" icon="stop" onClick={onStop}>
        Stop recording
      </Button>
    </div>
  );
}
