/** What the browser itself can tell of why a call might not work, in the same shape as the server's findings. */

import type { Finding } from "../api/rooms";

export interface Check extends Omit<Finding, "name" | "details" | "state"> {
  name: string;
  state: Finding["state"] | "running" | "idle";
}

export function check(name: string, label: string, state: Check["state"], message: string, fix = ""): Check {
  return { name, label, state, message, fix };
}

type Permission = PermissionState | "unknown";

const DEVICES = { camera: "Camera", microphone: "Microphone" } as const;

/** How far a device is from being used: allowed, askable, blocked, or not there. */
export function deviceCheck(use: keyof typeof DEVICES, permission: Permission, count: number, secure: boolean): Check {
  const label = DEVICES[use];
  if (!secure) return check(use, label, "failed", `The ${use} cannot be used on an insecure page.`, "Open this site by https, or on localhost.");
  if (permission === "denied") return check(use, label, "failed", `The ${use} is blocked for this site.`, `Press the icon beside the address, allow the ${use}, and reload.`);
  if (!count) return check(use, label, "warning", `No ${use} was found.`, "Plug one in. You can join without; others will not see or hear you by it.");
  if (permission === "granted") return check(use, label, "ok", count === 1 ? "Allowed, one is there." : `Allowed, ${count} are there.`);
  return check(use, label, "ok", "The browser will ask when you join.");
}

export interface Path {
  protocol: "udp" | "tcp";
  relayed: boolean;
  roundTripMs: number | null;
}

interface Stat {
  id: string;
  type: string;
  [key: string]: unknown;
}

/** The way that media takes, from a peer connection's statistics; null while none is in use. */
export function pathOf(stats: readonly Stat[]): Path | null {
  const byId = new Map(stats.map((stat) => [stat.id, stat]));
  const selected = stats.find((stat) => stat.type === "transport" && stat["selectedCandidatePairId"])?.["selectedCandidatePairId"];
  const pair =
    byId.get(String(selected)) ??
    stats.find((stat) => stat.type === "candidate-pair" && (stat["selected"] === true || (stat["nominated"] === true && stat["state"] === "succeeded")));
  if (!pair) return null;
  const local = byId.get(String(pair["localCandidateId"]));
  const remote = byId.get(String(pair["remoteCandidateId"]));
  const seconds = pair["currentRoundTripTime"];
  return {
    protocol: (local?.["protocol"] ?? remote?.["protocol"]) === "tcp" ? "tcp" : "udp",
    relayed: local?.["candidateType"] === "relay" || remote?.["candidateType"] === "relay",
    roundTripMs: typeof seconds === "number" ? Math.round(seconds * 1000) : null,
  };
}

export function pathCheck(path: Path | null): Check {
  const label = "Picture and sound";
  if (!path) {
    return check("media", label, "failed", "The call's server answers, but picture and sound find no way to it.", "Open UDP port 7882 and TCP port 7881 of the server in its firewall, or set up TURN.");
  }
  const way = path.relayed ? `by TURN over ${path.protocol.toUpperCase()}` : `by ${path.protocol.toUpperCase()}`;
  const time = path.roundTripMs === null ? "" : `, ${path.roundTripMs} ms there and back`;
  const message = `They go ${way}${time}.`;
  if (path.protocol === "tcp") return check("media", label, "warning", message, "It works, but can stutter. Open UDP port 7882 of the server in its firewall.");
  if ((path.roundTripMs ?? 0) > 250) return check("media", label, "warning", message, "That is slow: talking over each other is likely. Use a cable or a nearer server.");
  return check("media", label, "ok", message);
}

const RANK: Record<Check["state"], number> = { failed: 0, warning: 1, running: 2, idle: 3, ok: 4 };

/** The verdict over all checks, worst first. */
export function verdictOf(checks: readonly Check[]): { state: Check["state"]; words: string } {
  const worst = [...checks].sort((a, b) => RANK[a.state] - RANK[b.state])[0];
  if (!worst || checks.some((one) => one.state === "running")) return { state: "running", words: "Looking…" };
  const failed = checks.filter((one) => one.state === "failed").length;
  const warned = checks.filter((one) => one.state === "warning").length;
  if (failed) return { state: "failed", words: failed === 1 ? "One thing does not work" : `${failed} things do not work` };
  if (warned) return { state: "warning", words: warned === 1 ? "It works, with one remark" : `It works, with ${warned} remarks` };
  return { state: "ok", words: "Everything works" };
}
