/** What an avatar is doing, from what its participant says and what the server knows. */

import type { AvatarSession } from "../api/rooms";

export type AvatarMood = "waiting" | "joining" | "listening" | "speaking" | "idle" | "failed";

export const MOOD_WORDS: Record<AvatarMood, string> = {
  waiting: "In line",
  joining: "Joining",
  listening: "Listening",
  speaking: "Speaking",
  idle: "Ready",
  failed: "Failed",
};

interface Seen {
  /** The participant's attribute `avsite.state`; undefined while there is no participant. */
  attribute?: string | undefined;
  hasVideo: boolean;
}

/** The participant's own word is faster than the server's; a picture must be there before it counts as joined. */
export function moodOf(session: AvatarSession | null, seen: Seen | null): AvatarMood {
  if (session?.state === "failed") return "failed";
  if (!seen) return session?.state === "waiting" ? "waiting" : "joining";
  if (seen.attribute === "failed") return "failed";
  if (!seen.hasVideo) return "joining";
  const said = seen.attribute ?? session?.activity;
  if (said === "speaking" || said === "listening") return said;
  return said === "starting" ? "joining" : "idle";
}

/** An agent's participant is an avatar when it says so; others (a voice agent, a recorder) are not. */
export function isAvatar(participant: { identity: string; attributes: Readonly<Record<string, string>> }): boolean {
  return "avsite.session" in participant.attributes || participant.identity.startsWith("avatar-");
}
