import { describe, expect, it, vi } from "vitest";

import type { AvatarSession, Person, Room } from "../api/rooms";
import { currentAvatar, RoomBoard } from "./roomBoard";

const ROOM = { slug: "tea", name: "Tea", state: "open", locked: false, revision: 3 } as Room;

function person(identity: string, state: Person["state"] = "present"): Person {
  return { identity, name: identity, state, is_me: false } as Person;
}

function session(id: string, state: AvatarSession["state"], revision = 1): AvatarSession {
  return { id, state, revision, created_at: `2026-01-0${id.length}`, message: "" } as AvatarSession;
}

function board() {
  const made = new RoomBoard();
  made.receive({ type: "snapshot", room: ROOM, participants: [person("alice")], avatars: [] });
  return made;
}

describe("RoomBoard", () => {
  it("follows people in, through the waiting list, and out", () => {
    const made = board();
    made.receive({ type: "participant", participant: person("bob", "waiting") });
    expect(made.snapshot().people.map((one) => one.state)).toEqual(["present", "waiting"]);
    made.receive({ type: "participant", participant: person("bob", "present") });
    made.receive({ type: "participant_gone", identity: "alice" });
    expect(made.snapshot().people).toEqual([person("bob")]);
  });

  it("knows oneself even when a message for everyone does not", () => {
    const made = board();
    made.receive({ type: "participant", participant: { ...person("me"), is_me: true } });
    made.receive({ type: "participant", participant: { ...person("me"), role: "viewer" } });
    expect(made.snapshot().people.find((one) => one.identity === "me")).toMatchObject({ is_me: true, role: "viewer" });
  });

  it("takes no older telling of the room or of an avatar", () => {
    const made = board();
    made.receive({ type: "room", changes: { locked: true, revision: 5 } });
    made.receive({ type: "room", changes: { locked: false, revision: 4 } });
    expect(made.snapshot().room?.locked).toBe(true);
    made.receive({ type: "avatar", avatar: session("a", "live", 7) });
    made.receive({ type: "avatar", avatar: session("a", "starting", 6) });
    expect(made.snapshot().avatars[0]?.state).toBe("live");
  });

  it("drops an ended avatar, and keeps a failed one until another comes", () => {
    const made = board();
    made.receive({ type: "avatar", avatar: session("a", "live") });
    made.receive({ type: "avatar", avatar: session("a", "ended", 2) });
    expect(made.snapshot().avatars).toEqual([]);
    made.receive({ type: "avatar", avatar: session("bb", "failed") });
    expect(currentAvatar(made.snapshot().avatars)?.id).toBe("bb");
    made.receive({ type: "avatar", avatar: session("ccc", "waiting") });
    expect(made.snapshot().avatars.map((one) => one.id)).toEqual(["ccc"]);
  });

  it("believes a new snapshot about who is gone", () => {
    const made = board();
    made.receive({ type: "avatar", avatar: session("a", "live", 4) });
    made.receive({ type: "avatar", avatar: session("bb", "live", 4) });
    made.receive({ type: "snapshot", room: ROOM, participants: [], avatars: [session("a", "starting", 3)] });
    expect(made.snapshot().avatars).toEqual([session("a", "live", 4)]);
  });

  it("tells listeners, and keeps the same view while nothing happens", () => {
    const made = board();
    const listener = vi.fn();
    made.subscribe(listener);
    expect(made.snapshot()).toBe(made.snapshot());
    made.receive({ type: "room", changes: { people: 2 } });
    expect(listener).toHaveBeenCalledTimes(1);
  });
});
