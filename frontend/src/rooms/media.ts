import { createAudioAnalyser, createLocalAudioTrack, createLocalVideoTrack, type LocalAudioTrack, type LocalVideoTrack, type RemoteAudioTrack } from "livekit-client";
import { useCallback, useEffect, useState } from "react";

import { type Device, deviceList, deviceProblem } from "../core/devices";

interface Kinds {
  microphone: LocalAudioTrack;
  camera: LocalVideoTrack;
}

export interface Preview<T> {
  track: T | null;
  problem: string | null;
  again: () => void;
}

const OPEN = {
  microphone: (deviceId: string) => createLocalAudioTrack(deviceId ? { deviceId } : {}),
  camera: (deviceId: string) => createLocalVideoTrack({ resolution: { width: 1280, height: 720 }, ...(deviceId ? { deviceId } : {}) }),
} as { [K in keyof Kinds]: (deviceId: string) => Promise<Kinds[K]> };

/** A camera or microphone that runs while `on`, before the call. */
export function usePreview<K extends keyof Kinds>(use: K, on: boolean, deviceId: string): Preview<Kinds[K]> {
  const [state, setState] = useState<{ track: Kinds[K] | null; problem: string | null }>({ track: null, problem: null });
  const [round, setRound] = useState(0);
  useEffect(() => {
    if (!on) return;
    let gone = false;
    let made: Kinds[K] | undefined;
    OPEN[use](deviceId).then(
      (track) => {
        made = track;
        if (gone) track.stop();
        else setState({ track, problem: null });
      },
      (error: unknown) => {
        if (!gone) setState({ track: null, problem: deviceProblem(use, error) });
      },
    );
    return () => {
      gone = true;
      made?.stop();
      setState({ track: null, problem: null });
    };
  }, [use, on, deviceId, round]);
  const again = useCallback(() => setRound((n) => n + 1), []);
  return { ...state, again };
}

/** The devices of a kind; asks again when one comes or goes, and whenever `key` changes. */
export function useDevices(kind: MediaDeviceKind, key: unknown): Device[] {
  const [devices, setDevices] = useState<Device[]>([]);
  useEffect(() => {
    const media = navigator.mediaDevices;
    if (!media?.enumerateDevices) return;
    let current = true;
    const look = () =>
      void media.enumerateDevices().then(
        (all) => current && setDevices(deviceList(all, kind)),
        () => undefined,
      );
    look();
    media.addEventListener("devicechange", look);
    return () => {
      current = false;
      media.removeEventListener("devicechange", look);
    };
  }, [kind, key]);
  return devices;
}

export type AudioTrack = LocalAudioTrack | RemoteAudioTrack;

/** Calls `draw` once a frame with an analyser that hears `track`. */
export function useAnalyser(track: AudioTrack | null | undefined, fftSize: number, draw: (analyser: AnalyserNode, seconds: number) => void): void {
  const media = track?.mediaStreamTrack;
  useEffect(() => {
    if (!track || !media) return;
    const { analyser, cleanup } = createAudioAnalyser(track, { cloneTrack: true, fftSize, smoothingTimeConstant: 0.5, minDecibels: -92, maxDecibels: -14 });
    let frame = 0;
    let last = performance.now();
    const step = (now: number) => {
      draw(analyser, Math.min(0.1, (now - last) / 1000));
      last = now;
      frame = requestAnimationFrame(step);
    };
    frame = requestAnimationFrame(step);
    return () => {
      cancelAnimationFrame(frame);
      void cleanup();
    };
  }, [track, media, fftSize, draw]);
}

const REMEMBERED = "avsite-devices";

export interface Choices {
  microphone: boolean;
  camera: boolean;
  microphoneId: string;
  cameraId: string;
  speakerId: string;
}

const FRESH: Choices = { microphone: true, camera: true, microphoneId: "", cameraId: "", speakerId: "" };

/** What was chosen at the last door, on this browser. */
export function rememberedChoices(): Choices {
  try {
    return { ...FRESH, ...(JSON.parse(localStorage.getItem(REMEMBERED) ?? "{}") as Partial<Choices>) };
  } catch {
    return FRESH;
  }
}

export function rememberChoices(choices: Choices): void {
  localStorage.setItem(REMEMBERED, JSON.stringify(choices));
}
