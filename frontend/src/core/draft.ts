/** What someone is putting together in the studio, and whether it can be made yet. */

import type { Asset, Job, LipsyncRequest, Look, RenderOptions } from "../api/types";

export type VoiceSource = "text" | "upload" | "record";
export type ChosenFace = { kind: "asset"; asset: Asset } | { kind: "look"; look: Look };

export interface Draft {
  face: ChosenFace | null;
  source: VoiceSource;
  text: string;
  /** null until chosen: the server's default. */
  voice: string | null;
  rate: number;
  upload: Asset | null;
  recording: Asset | null;
  /** What is said in the recording, where someone has the words. */
  transcript: string;
  /** Its language; null until chosen: the reader's own. */
  language: string | null;
  options: RenderOptions;
  engine: string;
  /** US dollars it may cost at most; null: what the site allows. */
  maxCost: number | null;
}

export const DEFAULT_OPTIONS: RenderOptions = {
  sync_mode: "bounce", mouth_strength: 1, head_motion: 1, expression: "neutral", expression_amount: 0.6, background: "keep",
};

export const EMPTY_DRAFT: Draft = {
  face: null,
  source: "text",
  text: "",
  voice: null,
  rate: 1,
  upload: null,
  recording: null,
  transcript: "",
  language: null,
  options: DEFAULT_OPTIONS,
  engine: "auto",
  maxCost: null,
};

export interface Missing {
  part: "face" | "voice";
  reason: string;
}

/** What still stands in the way, in words; null when it can be made. */
export function missingFrom(draft: Draft, textLimit: number): Missing | null {
  if (!draft.face) return { part: "face", reason: "Choose a face first" };
  if (draft.source === "text") {
    if (!draft.text.trim()) return { part: "voice", reason: "Write what it should say" };
    if (draft.text.length > textLimit) {
      const over = (draft.text.length - textLimit).toLocaleString("en");
      return { part: "voice", reason: `Shorten the text by ${over} characters` };
    }
    return null;
  }
  if (draft.source === "upload") return draft.upload ? null : { part: "voice", reason: "Add a recording of a voice" };
  return draft.recording ? null : { part: "voice", reason: "Record a voice" };
}

/** The request this draft stands for; null while something is missing. */
export function requestOf(draft: Draft, textLimit: number): LipsyncRequest | null {
  if (missingFrom(draft, textLimit) || !draft.face) return null;
  const shared = {
    face: draft.face.kind === "asset" ? draft.face.asset.id : draft.face.look.id,
    engine: draft.engine,
    ...(draft.maxCost === null ? {} : { max_cost_usd: draft.maxCost }),
    voice_rate: draft.source === "text" ? draft.rate : 1,
    options: draft.options,
  };
  if (draft.source === "text") {
    const voice = draft.voice === null ? {} : { voice: draft.voice };
    return { ...shared, text: draft.text.trim(), ...voice };
  }
  const speech = draft.source === "upload" ? draft.upload : draft.recording;
  if (!speech) return null;
  const transcript = draft.transcript.trim();
  const language = draft.language === null ? {} : { transcript_language: draft.language };
  return { ...shared, speech: speech.id, ...(transcript ? { transcript, ...language } : {}) };
}

/** The draft that made `job`, ready to be changed and made again. */
export function draftFrom(job: Job, looks: readonly Look[]): Draft {
  const lookId = job.house_look.startsWith("house:") ? job.house_look : `house:${job.house_look}`;
  const look = looks.find((one) => one.id === lookId);
  return {
    ...EMPTY_DRAFT,
    face: job.face ? { kind: "asset", asset: job.face } : look ? { kind: "look", look } : null,
    source: job.speech ? "upload" : "text",
    text: job.text,
    voice: job.voice || null,
    rate: job.voice_rate || 1,
    upload: job.speech,
    transcript: job.transcript,
    language: job.transcript_language || null,
    options: { ...DEFAULT_OPTIONS, ...job.options },
    engine: job.engine || "auto",
    maxCost: job.max_cost_usd,
  };
}
