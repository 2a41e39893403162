import { describe, expect, it } from "vitest";

import type { Seat } from "../api/rooms";
import { ApiError } from "./errors";
import { ENDING_WORDS, nextVisit, TRIES_MS, type Visit, type VisitEvent } from "./visit";

const SEAT = { state: "admitted", message: "", token: "t", url: "ws://x" } as Seat;
const LOST: VisitEvent = { type: "disconnected", reason: 9 };

function play(...events: VisitEvent[]): Visit {
  return events.reduce<Visit>(nextVisit, { step: "door" });
}

function refusal(status: number, code = "", message = "Because."): VisitEvent {
  return { type: "refused", error: new ApiError(code, message, status) };
}

describe("nextVisit", () => {
  it("goes through the door into the call and out again", () => {
    expect(play({ type: "ask" }, { type: "seated", seat: SEAT })).toEqual({ step: "call", seat: SEAT, round: 0 });
    const out = play({ type: "ask" }, { type: "seated", seat: SEAT }, { type: "leave" });
    expect(out).toEqual({ step: "over", ending: "left" });
    expect(nextVisit(out, { type: "return" })).toEqual({ step: "door" });
  });

  it("waits to be let in, then asks again", () => {
    const waiting = play({ type: "ask" }, { type: "seated", seat: { ...SEAT, state: "waiting", message: "A host is told." } });
    expect(waiting).toEqual({ step: "waiting", message: "A host is told." });
    expect(nextVisit(waiting, { type: "admitted" })).toEqual({ step: "asking" });
    expect(nextVisit(waiting, { type: "turned-away" })).toEqual({ step: "over", ending: "refused" });
  });

  it.each([
    [410, "gone", "closed"], [404, "not_found", "unknown-room"], [429, "limit_reached", "full"],
    [403, "forbidden", "locked"], [503, "unavailable", "unavailable"],
  ])("ends with the server's own words on %i", (status, code, ending) => {
    expect(play({ type: "ask" }, refusal(status, code))).toEqual({ step: "over", ending, message: "Because." });
  });

  it("stays at the door when only the name was wrong, or requests were too many", () => {
    expect(play({ type: "ask" }, refusal(422, "invalid"))).toEqual({ step: "door", problem: "Because." });
    expect(play({ type: "ask" }, refusal(429, "rate_limited"))).toEqual({ step: "door", problem: "Because." });
  });

  it("gets back after a loss, longer each time, and gives up in the end", () => {
    let visit = play({ type: "ask" }, { type: "seated", seat: SEAT }, { type: "connected" });
    const waits: number[] = [];
    for (;;) {
      visit = nextVisit(visit, LOST);
      if (visit.step !== "again") break;
      waits.push(visit.waitMs);
      visit = nextVisit(visit, { type: "seated", seat: SEAT });
    }
    expect(waits).toEqual(TRIES_MS);
    expect(visit).toEqual({ step: "over", ending: "lost" });
  });

  it("counts anew once it was connected again", () => {
    let visit = play({ type: "ask" }, { type: "seated", seat: SEAT }, LOST, { type: "seated", seat: SEAT }, LOST);
    expect(visit).toMatchObject({ step: "again", round: 2 });
    visit = nextVisit(nextVisit(visit, { type: "seated", seat: SEAT }), { type: "connected" });
    expect(nextVisit(visit, LOST)).toMatchObject({ step: "again", round: 1 });
  });

  it("keeps trying while the server is away, but not against a refusal", () => {
    const again = play({ type: "ask" }, { type: "seated", seat: SEAT }, LOST);
    expect(nextVisit(again, refusal(0, "offline"))).toMatchObject({ step: "again", round: 2 });
    expect(nextVisit(again, refusal(503))).toMatchObject({ step: "again", round: 2 });
    expect(nextVisit(again, refusal(403))).toMatchObject({ step: "over", ending: "removed" });
  });

  it.each([[2, "elsewhere"], [4, "removed"], [5, "closed"], [10, "closed"]])("reads LiveKit's reason %i", (reason, ending) => {
    const visit = play({ type: "ask" }, { type: "seated", seat: SEAT }, { type: "disconnected", reason });
    expect(visit).toEqual({ step: "over", ending });
  });

  it("lets nothing that comes late change an ending", () => {
    const over = play({ type: "ask" }, { type: "closed" }, LOST, { type: "seated", seat: SEAT }, { type: "admitted" });
    expect(over).toEqual({ step: "over", ending: "closed" });
  });

  it("has two whole sentences for every ending", () => {
    for (const { title, words, label } of Object.values(ENDING_WORDS)) {
      expect(words).toMatch(/^[A-Z].+\.$/);
      expect(title && label).toBeTruthy();
    }
  });
});
