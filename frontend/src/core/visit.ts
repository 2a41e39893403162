/** One person's visit to a room: from the door to the end of the call, and what to say at each turn. */

import type { Seat } from "../api/rooms";
import type { ApiError } from "./errors";

/** Why a visit is over. */
export type Ending =
  | "left" | "removed" | "closed" | "full" | "locked" | "refused" | "elsewhere" | "lost" | "unknown-room" | "unavailable";

export type Visit =
  | { step: "door"; problem?: string }
  | { step: "asking" }
  | { step: "waiting"; message: string }
  | { step: "call"; seat: Seat; /** Counts connections: another one needs a new token. */ round: number }
  | { step: "again"; round: number; waitMs: number }
  | { step: "over"; ending: Ending; message?: string };

export type VisitEvent =
  | { type: "ask" }
  | { type: "seated"; seat: Seat }
  | { type: "refused"; error: ApiError }
  | { type: "admitted" }
  | { type: "turned-away" }
  | { type: "connected" }
  | { type: "disconnected"; reason: number | undefined }
  | { type: "closed" }
  | { type: "leave" }
  | { type: "return" };

/** Waits before each new try of a lost connection, in ms. Together they outlast a restart of the server. */
export const TRIES_MS = [300, 1500, 3000, 6000, 10_000, 10_000];

/** LiveKit's DisconnectReason, as far as it tells people something. */
const REASONS: Record<number, Ending> = {
  1: "left",
  2: "elsewhere",
  4: "removed",
  5: "closed",
  10: "closed",
};

function afterLoss(round: number): Visit {
  const waitMs = TRIES_MS[round];
  return waitMs === undefined ? { step: "over", ending: "lost" } : { step: "again", round: round + 1, waitMs };
}

function afterRefusal(visit: Visit, error: ApiError): Visit {
  const said = error.message;
  if (error.status === 410) return { step: "over", ending: "closed", message: said };
  if (error.status === 404) return { step: "over", ending: "unknown-room", message: said };
  if (error.status === 429 && error.code === "limit_reached") return { step: "over", ending: "full", message: said };
  if (error.status === 403) return { step: "over", ending: visit.step === "again" ? "removed" : "locked", message: said };
  if (visit.step === "again") return afterLoss(visit.round);
  if (error.status === 503) return { step: "over", ending: "unavailable", message: said };
  return { step: "door", problem: said };
}

export function nextVisit(visit: Visit, event: VisitEvent): Visit {
  if (event.type === "leave") return { step: "over", ending: "left" };
  if (visit.step === "over") return event.type === "return" ? { step: "door" } : visit;
  switch (event.type) {
    case "ask":
      return { step: "asking" };
    case "seated":
      if (event.seat.state === "waiting") return { step: "waiting", message: event.seat.message };
      return { step: "call", seat: event.seat, round: visit.step === "again" ? visit.round : 0 };
    case "refused":
      return afterRefusal(visit, event.error);
    case "admitted":
      return visit.step === "waiting" ? { step: "asking" } : visit;
    case "turned-away":
      return { step: "over", ending: visit.step === "waiting" || visit.step === "asking" ? "refused" : "removed" };
    case "connected":
      return visit.step === "call" ? { ...visit, round: 0 } : visit;
    case "disconnected": {
      if (visit.step !== "call") return visit;
      const ending = REASONS[event.reason ?? 0];
      return ending ? { step: "over", ending } : afterLoss(visit.round);
    }
    case "closed":
      return { step: "over", ending: "closed" };
    case "return":
      return visit;
  }
}

export interface EndingWords {
  title: string;
  words: string;
  /** What the button does: comes back, or leads on. */
  action: "return" | "away";
  label: string;
}

export const ENDING_WORDS: Record<Ending, EndingWords> = {
  left: { title: "You left the room", words: "The others go on without you. You can come back as long as the room is open.", action: "return", label: "Come back" },
  removed: { title: "You were removed", words: "A host took you out of this room. Ask them for a new link if that was a mistake.", action: "away", label: "To my rooms" },
  closed: { title: "The room is closed", words: "A host closed it for everyone, so nobody can join any more.", action: "away", label: "To my rooms" },
  full: { title: "The room is full", words: "Every place is taken. Try again when someone has left, or ask a host to raise the limit.", action: "return", label: "Try again" },
  locked: { title: "The door is locked", words: "A host locked this room. Ask them to let you in, then try again.", action: "return", label: "Try again" },
  refused: { title: "Not this time", words: "A host did not let you in. Ask them directly if you think that was a mistake.", action: "away", label: "To my rooms" },
  elsewhere: { title: "You joined elsewhere", words: "This room was opened in another tab or on another device, and the call went on there.", action: "return", label: "Join here instead" },
  lost: { title: "The connection was lost", words: "Several tries to get back into the room failed. Check your network, then join again.", action: "return", label: "Join again" },
  "unknown-room": { title: "No room here", words: "This room does not exist, or its link was taken back. Ask whoever invited you for a new one.", action: "away", label: "To my rooms" },
  unavailable: { title: "Calls are not available", words: "The server for live calls is not ready. Try again in a moment.", action: "return", label: "Try again" },
};
