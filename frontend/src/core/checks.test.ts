import { describe, expect, it } from "vitest";

import { check, deviceCheck, pathCheck, pathOf, verdictOf } from "./checks";

describe("deviceCheck", () => {
  it("puts the insecure page before the permission, and the permission before the device", () => {
    expect(deviceCheck("camera", "denied", 0, false).fix).toContain("https");
    expect(deviceCheck("camera", "denied", 0, true)).toMatchObject({ state: "failed" });
    expect(deviceCheck("camera", "granted", 0, true)).toMatchObject({ state: "warning" });
    expect(deviceCheck("microphone", "granted", 2, true)).toMatchObject({ state: "ok", message: "Allowed, 2 are there." });
    expect(deviceCheck("microphone", "unknown", 1, true).state).toBe("ok");
  });

  it("gives a fix with everything that is not right", () => {
    for (const permission of ["denied", "granted", "prompt", "unknown"] as const) {
      for (const count of [0, 1]) {
        const found = deviceCheck("camera", permission, count, true);
        expect(Boolean(found.fix)).toBe(found.state !== "ok");
      }
    }
  });
});

describe("pathOf", () => {
  const pair = { id: "p", type: "candidate-pair", localCandidateId: "l", remoteCandidateId: "r", currentRoundTripTime: 0.012 };
  const local = { id: "l", type: "local-candidate", protocol: "udp", candidateType: "host" };

  it("follows the selected pair, not just any that worked", () => {
    const other = { ...pair, id: "q", localCandidateId: "t", nominated: true, state: "succeeded" };
    const tcp = { id: "t", type: "local-candidate", protocol: "tcp" };
    const transport = { id: "x", type: "transport", selectedCandidatePairId: "p" };
    expect(pathOf([other, tcp, pair, local, transport])).toEqual({ protocol: "udp", relayed: false, roundTripMs: 12 });
    expect(pathOf([other, tcp])).toMatchObject({ protocol: "tcp" });
  });

  it("sees a relay at either end, and nothing where nothing is connected", () => {
    const turn = { id: "r", type: "remote-candidate", protocol: "udp", candidateType: "relay" };
    expect(pathOf([{ ...pair, selected: true }, local, turn])).toMatchObject({ relayed: true });
    expect(pathOf([pair, local])).toBeNull();
  });
});

describe("pathCheck", () => {
  it("is content with UDP, warns of TCP and of slow ways, and names the ports when there is no way", () => {
    expect(pathCheck({ protocol: "udp", relayed: false, roundTripMs: 3 })).toMatchObject({ state: "ok", message: "They go by UDP, 3 ms there and back." });
    expect(pathCheck({ protocol: "tcp", relayed: true, roundTripMs: null })).toMatchObject({ state: "warning", message: "They go by TURN over TCP." });
    expect(pathCheck({ protocol: "udp", relayed: false, roundTripMs: 400 }).state).toBe("warning");
    expect(pathCheck(null).fix).toContain("7882");
  });
});

describe("verdictOf", () => {
  it("waits for every check, then counts what matters", () => {
    const ok = check("a", "A", "ok", "");
    expect(verdictOf([ok, check("b", "B", "running", "")]).state).toBe("running");
    expect(verdictOf([ok]).words).toBe("Everything works");
    expect(verdictOf([ok, check("b", "B", "warning", "")]).words).toBe("It works, with one remark");
    expect(verdictOf([check("c", "C", "failed", ""), check("b", "B", "failed", "")]).words).toBe("2 things do not work");
  });
});
