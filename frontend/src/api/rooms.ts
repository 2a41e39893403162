/** Shapes of rooms, avatars and the doctor. */

import type { Asset, Expression, JobState } from "./types";

export type Role = "host" | "speaker" | "guest" | "viewer";

export interface RoomsStatus {
  state: "ready" | "preparing" | "unavailable";
  message: string;
  agent: { alive: boolean; places: number; free: number };
}

export interface Room {
  slug: string;
  name: string;
  state: "open" | "closed";
  locked: boolean;
  waiting_room: boolean;
  max_people: number;
  role: Role;
  is_owner: boolean;
  people: number;
  waiting: number;
  url: string;
  created_at: string;
  closed_at: string | null;
  revision: number;
}

export interface RoomIn {
  name: string;
  waiting_room?: boolean;
  max_people?: number;
  avatar?: string;
}

export interface Seat {
  state: "admitted" | "waiting";
  message: string;
  url: string | null;
  token: string | null;
  identity: string;
  name: string;
  role: Role;
  sources: string[];
  can_chat: boolean;
  expires_at: string | null;
  seat: string;
}

export interface InviteInfo {
  slug: string;
  name: string;
  host_name: string;
  role: Role;
  state: "open" | "closed" | "locked";
  waiting_room: boolean;
}

export interface Invite {
  id: string;
  role: Exclude<Role, "host">;
  label: string;
  url: string;
  uses: number;
  max_uses: number | null;
  expires_at: string | null;
  created_at: string;
}

export interface Person {
  identity: string;
  name: string;
  role: Role;
  state: "waiting" | "admitted" | "present" | "left" | "removed" | "refused";
  is_me: boolean;
  has_account: boolean;
  joined_at: string | null;
  left_at: string | null;
}

export type AvatarKind = "photo" | "loop" | "house" | "wave" | "spectrum" | "hue" | "file";

export interface Avatar {
  id: string;
  name: string;
  kind: AvatarKind;
  builtin: boolean;
  face: Asset | null;
  look: string;
  thumbnail_url: string | null;
  voice: string;
  voice_rate: number;
  expression: Expression;
  expression_amount: number;
  preview: { job_id: string; state: JobState; video_url: string | null; poster_url: string | null } | null;
  created_at: string | null;
}

export interface AvatarIn {
  name: string;
  face: string;
  kind?: "file";
  voice?: string;
  voice_rate?: number;
  expression?: Expression;
  expression_amount?: number;
}

export type Activity = "starting" | "idle" | "speaking" | "listening" | "failed";

export interface AvatarStats {
  fps: number;
  frames_late: number;
  av_offset_ms: { mean: number; p1: number; p99: number };
  cpu: number;
  first_sound_ms: number;
}

export interface AvatarSession {
  id: string;
  identity: string;
  state: "waiting" | "starting" | "live" | "ended" | "failed";
  message: string;
  avatar: { id: string | null; name: string; kind: AvatarKind; look: string; thumbnail_url: string | null };
  activity: Activity;
  utterance: { id: string; state: "sent" | "speaking" | "finished" | "interrupted" | "failed"; message: string } | null;
  voice: string;
  voice_rate: number;
  expression: Expression;
  expression_amount: number;
  listen_to: string | null;
  stats: AvatarStats | null;
  attempts: number;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
  revision: number;
}

export interface AvatarOrder {
  avatar: string;
  voice?: string;
  voice_rate?: number;
  expression?: Expression;
  expression_amount?: number;
  listen_to?: string | null;
  job?: string;
  face?: string;
}

export type AvatarChange = Partial<Omit<AvatarOrder, "job" | "face">>;

export interface SayIn {
  text?: string;
  speech?: string;
  job?: string;
  avatar?: string;
}

export interface RoomEvent {
  at: string;
  kind: string;
  message: string;
}

export interface Finding {
  name: string;
  label: string;
  state: "ok" | "warning" | "failed";
  message: string;
  fix: string;
  details: Record<string, unknown>;
}

export interface Landmarks {
  /** Lines to draw through the points: lips, lids, brows, the face's edge. */
  lines: number[][];
  /** 0..1 of the thumbnail. */
  faces: { points: number[][] }[];
}
