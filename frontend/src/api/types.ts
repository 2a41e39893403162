/** The shapes the HTTP API speaks. See docs/api-contract.md. */

export type JobState = "queued" | "running" | "done" | "failed" | "cancelled";
export type SyncMode = "bounce" | "loop" | "cut_off" | "silence";
export type AssetKind = "face" | "speech";

export interface MediaInfo {
  container?: string | null;
  duration_seconds?: number | null;
  width?: number | null;
  height?: number | null;
  fps?: number | null;
  video_codec?: string | null;
  audio_codec?: string | null;
  sample_rate?: number | null;
  channels?: number | null;
}

export interface FaceMark {
  /** x, y, width, height, each 0..1 of the thumbnail. */
  box: number[];
  outline: number[][];
}

export interface Asset {
  id: string;
  kind: AssetKind;
  media: "image" | "video" | "audio";
  name: string;
  size_bytes: number;
  info: MediaInfo;
  faces: FaceMark[];
  peaks: number[];
  notices: string[];
  thumbnail_url: string | null;
  file_url: string;
  created_at: string;
  expires_at: string | null;
}

export interface RenderOptions {
  sync_mode: SyncMode;
  mouth_strength: number;
  head_motion: number;
}

export interface Attempt {
  engine: string;
  reason: string;
  outcome: string;
  error_message: string;
  started_at: string;
  finished_at: string | null;
  cost_usd: number;
}

export interface Quality {
  sync_score: number;
  audio_quality: number;
  video_quality: number;
  method: string;
}

export interface Job {
  id: string;
  state: JobState;
  stage: string;
  stage_label: string;
  percent: number;
  revision: number;
  seconds_left: number | null;
  face: Asset | null;
  house_look: string;
  speech: Asset | null;
  text: string;
  voice: string;
  voice_rate: number;
  engine: string;
  engine_used: string;
  options: Partial<RenderOptions>;
  created_at: string;
  started_at: string | null;
  finished_at: string | null;
  expires_at: string | null;
  duration_seconds: number | null;
  cost_usd: number;
  quality: Quality | null;
  warnings: string[];
  error: { code: string; message: string } | null;
  from_cache: boolean;
  attempts: Attempt[];
  video_url: string | null;
  poster_url: string | null;
  source_url: string | null;
  share_url: string | null;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface User {
  username: string;
  email: string;
  is_staff: boolean;
}

export interface Limits {
  upload_bytes: number;
  image_pixels: number;
  face_seconds: number;
  speech_seconds: number;
  text_characters: number;
}

export interface Session {
  signed_in: boolean;
  user: User | null;
  signup_open: boolean;
  csrf_token: string;
  limits: Limits;
}

export interface Me extends User {
  storage: { used_bytes: number; limit_bytes: number };
  jobs: { active: number; limit: number };
}

export interface ApiKey {
  id: string | number;
  name: string;
  hint: string;
  created_at: string;
  last_used_at: string | null;
}

export interface Voice {
  id: string;
  name: string;
  language: string;
  language_name: string;
  gender: string;
  provider: string;
  sample_url: string;
}

export interface Engine {
  name: string;
  label: string;
  available: boolean;
  why_not: string | null;
  usd_per_second: number;
  needs_gpu: boolean;
  remote: boolean;
}

export interface Look {
  id: string;
  name: string;
  thumbnail_url: string;
}

export interface LipsyncRequest {
  face: string;
  speech?: string;
  text?: string;
  voice?: string;
  voice_rate?: number;
  engine?: string;
  options?: RenderOptions;
}

export interface Estimate {
  engine: string;
  reason: string;
  seconds: number;
  cost_usd: number;
  render_seconds: number | null;
  from_cache: boolean;
}

export interface LogLine {
  at: string;
  level: string;
  message: string;
}

export interface SharedVideo {
  duration_seconds: number | null;
  created_at: string;
  video_url: string;
  poster_url: string | null;
}
