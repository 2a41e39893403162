import { Room } from "livekit-client";

import { roomsApi } from "../core/client";
import { type Check, check, deviceCheck, pathCheck, pathOf } from "../core/checks";
import { messageOf } from "../core/errors";
import { socketUrl } from "../core/socket";

const PATIENCE_MS = 8000;

function within<T>(work: Promise<T>, ms: number = PATIENCE_MS): Promise<T> {
  return Promise.race([work, new Promise<never>((_, reject) => setTimeout(() => reject(new Error("It took too long.")), ms))]);
}

async function probeDevice(use: "camera" | "microphone"): Promise<Check> {
  const media = navigator.mediaDevices;
  if (!media) return deviceCheck(use, "unknown", 0, false);
  const devices = await media.enumerateDevices();
  const count = devices.filter((one) => one.kind === (use === "camera" ? "videoinput" : "audioinput")).length;
  try {
    const { state } = await navigator.permissions.query({ name: use as PermissionName });
    return deviceCheck(use, state, count, isSecureContext);
  } catch {
    // Some browsers do not tell until they are asked for the device itself.
    return deviceCheck(use, "unknown", count, isSecureContext);
  }
}

function probeSocket(): Promise<Check> {
  const label = "Live updates";
  const work = new Promise<Check>((resolve, reject) => {
    const socket = new WebSocket(socketUrl("/ws/jobs/"));
    socket.onmessage = () => {
      socket.close();
      resolve(check("socket", label, "ok", "The WebSocket opens and speaks."));
    };
    socket.onclose = () => reject(new Error("closed"));
  });
  return within(work).catch(() =>
    check("socket", label, "failed", "The WebSocket does not open.", "If a proxy stands before this site, let it pass the Upgrade and Connection headers."),
  );
}

/** Joins a room made for it, unseen, and looks which way its packets take. */
async function probeCall(): Promise<Check[]> {
  const reach = (state: Check["state"], message: string, fix = "") => check("signal", "Way to the call’s server", state, message, fix);
  let seat: { url: string; token: string };
  try {
    seat = await roomsApi.probe();
  } catch (error) {
    return [reach("failed", messageOf(error), "See below what is wrong with the server for calls.")];
  }
  const room = new Room();
  try {
    await within(room.connect(seat.url, seat.token, { maxRetries: 0 }));
    const ok = reach("ok", `${new URL(seat.url).host} answers.`);
    return [ok, pathCheck(await wayOf(room))];
  } catch (error) {
    const reached = /pc connection|ice|took too long/i.test(messageOf(error));
    return reached
      ? [reach("ok", `${new URL(seat.url).host} answers.`), pathCheck(null)]
      : [reach("failed", `This browser cannot reach ${new URL(seat.url).host}.`, "Is the address right for people outside the server's own machine? Set LIVEKIT_PUBLIC_URL, and open its port.")];
  } finally {
    await room.disconnect();
  }
}

async function wayOf(room: Room) {
  for (let tries = 0; tries < 10; tries++) {
    const { pcManager } = room.engine;
    for (const transport of [pcManager?.subscriber, pcManager?.publisher]) {
      const report = await transport?.getStats();
      const path = report && pathOf([...(report as unknown as Map<string, { id: string; type: string }>).values()]);
      if (path) return path;
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  return null;
}

export const PROBES: { names: { name: string; label: string }[]; run: () => Promise<Check[]> }[] = [
  { names: [{ name: "camera", label: "Camera" }], run: async () => [await probeDevice("camera")] },
  { names: [{ name: "microphone", label: "Microphone" }], run: async () => [await probeDevice("microphone")] },
  { names: [{ name: "socket", label: "Live updates" }], run: async () => [await probeSocket()] },
  { names: [{ name: "signal", label: "Way to the call’s server" }], run: probeCall },
];
