/** The microphone: permission, level, recording, and plain words for what goes wrong. */

import { levelOf } from "./waveform";

export class MicrophoneError extends Error {}

const REASONS: Record<string, string> = {
  NotAllowedError: "The microphone is blocked for this page. Allow it in the address bar, then try again.",
  NotFoundError: "No microphone was found. Plug one in, or upload a recording instead.",
  NotReadableError: "The microphone is in use by another program. Close that program, then try again.",
};

const TYPES = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus", "audio/webm"];

export interface Recording {
  blob: Blob;
  fileName: string;
  seconds: number;
}

export class Recorder {
  private samples: Float32Array<ArrayBuffer>;
  private chunks: Blob[] = [];
  private startedAt = 0;

  private constructor(
    private readonly stream: MediaStream,
    private readonly context: AudioContext,
    private readonly analyser: AnalyserNode,
    private readonly media: MediaRecorder,
  ) {
    this.samples = new Float32Array(analyser.fftSize);
  }

  /** Asks for the microphone and starts. Throws MicrophoneError with the fix. */
  static async start(): Promise<Recorder> {
    if (!navigator.mediaDevices?.getUserMedia) {
      throw new MicrophoneError("Recording needs a secure page (https or localhost). Upload a recording instead.");
    }
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, noiseSuppression: true } });
    } catch (error) {
      const name = error instanceof DOMException ? error.name : "";
      throw new MicrophoneError(REASONS[name] ?? "The microphone could not be opened. Try again, or upload a recording.");
    }
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    context.createMediaStreamSource(stream).connect(analyser);
    const mimeType = TYPES.find((type) => MediaRecorder.isTypeSupported(type));
    const media = new MediaRecorder(stream, mimeType ? { mimeType } : {});
    const recorder = new Recorder(stream, context, analyser, media);
    media.ondataavailable = (event) => recorder.chunks.push(event.data);
    media.start(250);
    recorder.startedAt = performance.now();
    return recorder;
  }

  get seconds(): number {
    return (performance.now() - this.startedAt) / 1000;
  }

  /** How loud it is right now, 0..1. */
  level(): number {
    this.analyser.getFloatTimeDomainData(this.samples);
    return levelOf(this.samples);
  }

  stop(): Promise<Recording> {
    const seconds = this.seconds;
    return new Promise((resolve) => {
      this.media.onstop = () => {
        this.release();
        const type = this.media.mimeType || "audio/webm";
        resolve({ blob: new Blob(this.chunks, { type }), fileName: `recording.${extensionOf(type)}`, seconds });
      };
      this.media.stop();
    });
  }

  discard(): void {
    this.media.onstop = null;
    if (this.media.state !== "inactive") this.media.stop();
    this.release();
  }

  private release(): void {
    for (const track of this.stream.getTracks()) track.stop();
    void this.context.close();
  }
}

export function extensionOf(mimeType: string): string {
  if (mimeType.includes("mp4")) return "m4a";
  return mimeType.includes("ogg") ? "ogg" : "webm";
}
