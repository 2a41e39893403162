import { describe, expect, it } from "vitest";

import type { AvatarSession } from "../api/rooms";
import { isAvatar, moodOf } from "./avatarState";

function session(state: AvatarSession["state"], activity: AvatarSession["activity"] = "idle"): AvatarSession {
  return { state, activity } as AvatarSession;
}

describe("moodOf", () => {
  it("is in line, then joining, until there is a picture", () => {
    expect(moodOf(session("waiting"), null)).toBe("waiting");
    expect(moodOf(session("starting"), null)).toBe("joining");
    expect(moodOf(session("live"), { attribute: "speaking", hasVideo: false })).toBe("joining");
  });

  it("believes the participant before the server", () => {
    expect(moodOf(session("live", "speaking"), { attribute: "idle", hasVideo: true })).toBe("idle");
    expect(moodOf(session("live", "listening"), { hasVideo: true })).toBe("listening");
  });

  it("says so when it failed, whoever tells", () => {
    expect(moodOf(session("failed"), null)).toBe("failed");
    expect(moodOf(session("live"), { attribute: "failed", hasVideo: true })).toBe("failed");
  });
});

describe("isAvatar", () => {
  it("tells avatars from people and other agents", () => {
    expect(isAvatar({ identity: "avatar-1a2b", attributes: {} })).toBe(true);
    expect(isAvatar({ identity: "agent-x", attributes: { "avsite.session": "1" } })).toBe(true);
    expect(isAvatar({ identity: "agent-x", attributes: { "lk.agent.state": "speaking" } })).toBe(false);
  });
});
