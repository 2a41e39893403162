/** What someone is putting together in the studio, and whether it can be made yet. */

import type { Asset, Job, LipsyncRequest, Look, RenderOptions, SegmentRequest } from "../api/types";

export type VoiceSource = "text" | "upload" | "record";
export type ChosenFace = { kind: "asset"; asset: Asset } | { kind: "look"; look: Look };

/** What another face says, after the voice and after the lines before it. */
export interface Line {
  id: string;
  /** The number of its face. */
  track: number;
  source: "text" | "upload";
  text: string;
  voice: string | null;
  rate: number;
  upload: Asset | null;
  transcript: string;
  language: string | null;
  /** Seconds; null: when the line before it has ended. */
  start: number | null;
  end: number | null;
}

export interface Draft {
  face: ChosenFace | null;
  /** The number of the face that speaks, where there are several; null: who speaks most. */
  track: number | null;
  /** What others say. */
  lines: Line[];
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
  /** Goes under the speech. */
  music: Asset | null;
  options: RenderOptions;
  engine: string;
  /** US dollars it may cost at most; null: what the site allows. */
  maxCost: number | null;
}

export const DEFAULT_OPTIONS: RenderOptions = {
  sync_mode: "bounce", mouth_strength: 1, head_motion: 1, expression: "neutral", expression_amount: 0.6, background: "keep",
  pick: null, others: "still", clean_speech: false, music_below_lu: 10,
};

export const EMPTY_DRAFT: Draft = {
  face: null,
  track: null,
  lines: [],
  source: "text",
  text: "",
  voice: null,
  rate: 1,
  upload: null,
  recording: null,
  transcript: "",
  language: null,
  music: null,
  options: DEFAULT_OPTIONS,
  engine: "auto",
  maxCost: null,
};

/** Another face: nothing that was said about the faces of the one before holds. */
export function withFace(face: ChosenFace | null): Partial<Draft> {
  return { face, track: null, lines: [] };
}

export function newLine(track: number): Line {
  return {
    id: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, track, source: "text", text: "", voice: null, rate: 1,
    upload: null, transcript: "", language: null, start: null, end: null,
  };
}

export interface Missing {
  part: "face" | "voice";
  reason: string;
}

/** What still stands in the way, in words; null when it can be made. */
export function missingFrom(draft: Draft, textLimit: number): Missing | null {
  if (!draft.face) return { part: "face", reason: "Choose a face first" };
  return missingVoice(draft, textLimit) ?? draft.lines.map((line) => missingLine(line, textLimit)).find(Boolean) ?? null;
}

function missingLine({ source, text, upload, track }: Line, textLimit: number): Missing | null {
  if (source === "upload") return upload ? null : { part: "voice", reason: `Add what face ${track} says` };
  if (!text.trim()) return { part: "voice", reason: `Write what face ${track} says` };
  return text.length > textLimit ? { part: "voice", reason: `Shorten what face ${track} says` } : null;
}

function missingVoice(draft: Draft, textLimit: number): Missing | null {
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
  const pick = draft.track === null ? null : pickOf(draft.track);
  const shared = {
    face: draft.face.kind === "asset" ? draft.face.asset.id : draft.face.look.id,
    engine: draft.engine,
    ...(draft.music ? { music: draft.music.id } : {}),
    ...(draft.maxCost === null ? {} : { max_cost_usd: draft.maxCost }),
  };
  const upload = draft.source === "text" ? null : draft.source === "upload" ? draft.upload : draft.recording;
  const first = wordsOf({ ...draft, upload });
  if (!draft.lines.length) return { ...shared, ...first, options: { ...draft.options, pick } };
  const segments: SegmentRequest[] = [
    { ...first, pick, start_seconds: 0 },
    ...draft.lines.map((line) => ({
      ...wordsOf(line.source === "text" ? { ...line, upload: null } : line),
      pick: pickOf(line.track),
      start_seconds: line.start,
      end_seconds: line.end,
    })),
  ];
  return { ...shared, voice_rate: 1, segments, options: { ...draft.options, pick: null } };
}

function pickOf(track: number) {
  return { track, at_seconds: 0 };
}

type Words = Pick<Draft, "text" | "voice" | "rate" | "transcript" | "language" | "upload">;

/** A text in a voice, or a recording. */
function wordsOf({ text, voice, rate, transcript, language, upload }: Words) {
  if (!upload) return { text: text.trim(), voice_rate: rate, ...(voice === null ? {} : { voice }) };
  const said = transcript.trim();
  const tongue = language === null ? {} : { transcript_language: language };
  return { speech: upload.id, voice_rate: 1, ...(said ? { transcript: said, ...tongue } : {}) };
}

/** The draft that made `job`, ready to be changed and made again. */
export function draftFrom(job: Job, looks: readonly Look[]): Draft {
  const lookId = job.house_look.startsWith("house:") ? job.house_look : `house:${job.house_look}`;
  const look = looks.find((one) => one.id === lookId);
  const [first, ...rest] = job.segments;
  const said = first ?? job;
  return {
    ...EMPTY_DRAFT,
    face: job.face ? { kind: "asset", asset: job.face } : look ? { kind: "look", look } : null,
    track: (first ? first.pick : job.options.pick)?.track ?? null,
    lines: rest.map((one) => ({
      ...newLine(one.pick?.track ?? 1),
      source: one.speech ? "upload" : "text",
      text: one.text,
      voice: one.voice || null,
      rate: one.voice_rate || 1,
      upload: one.speech,
      transcript: one.transcript,
      language: one.transcript_language || null,
      start: one.start_seconds,
      end: one.end_seconds,
    })),
    source: said.speech ? "upload" : "text",
    text: said.text,
    voice: said.voice || null,
    rate: said.voice_rate || 1,
    upload: said.speech,
    transcript: said.transcript,
    language: said.transcript_language || null,
    music: job.music,
    options: { ...DEFAULT_OPTIONS, ...job.options, pick: null },
    engine: job.engine || "auto",
    maxCost: job.max_cost_usd,
  };
}
