/** Cameras, microphones and loudspeakers: their names, and plain words for what goes wrong with them. */

export type DeviceUse = "microphone" | "camera" | "screen";

type Reasons = Record<string, string>;

const REASONS: Record<DeviceUse, Reasons> = {
  microphone: {
    NotAllowedError: "The microphone is blocked for this page. Allow it in the address bar, then try again.",
    NotFoundError: "No microphone was found. Plug one in, or join without: you can still write.",
    NotReadableError: "The microphone is in use by another program. Close that program, then try again.",
    OverconstrainedError: "That microphone is gone. Choose another one.",
  },
  camera: {
    NotAllowedError: "The camera is blocked for this page. Allow it in the address bar, then try again.",
    NotFoundError: "No camera was found. Plug one in, or join without a picture.",
    NotReadableError: "The camera is in use by another program. Close that program, then try again.",
    OverconstrainedError: "That camera is gone. Choose another one.",
  },
  screen: {
    NotAllowedError: "",
    NotFoundError: "There is nothing to share on this device.",
    NotReadableError: "The system does not let this browser record the screen. Allow it in the system's privacy settings.",
  },
};

/** What to do about a device that did not open; "" when someone only changed their mind. */
export function deviceProblem(use: DeviceUse, error: unknown, secure: boolean = globalThis.isSecureContext): string {
  if (!secure) return "Cameras and microphones need a secure page. Open this site by https or on localhost.";
  const name = error instanceof Error ? error.name : "";
  return REASONS[use][name] ?? `The ${use} could not be opened. Try again, or choose another one.`;
}

export interface Device {
  id: string;
  label: string;
}

const NAMES: Record<MediaDeviceKind, string> = {
  audioinput: "Microphone",
  audiooutput: "Loudspeaker",
  videoinput: "Camera",
};

/** A list for people: without doubles, with a name for each, even before the browser tells names. */
export function deviceList(devices: readonly MediaDeviceInfo[], kind: MediaDeviceKind): Device[] {
  const seen = new Set<string>();
  const list: Device[] = [];
  for (const device of devices) {
    // An id is empty until the page may use the device: there is nothing to choose by.
    if (device.kind !== kind || !device.deviceId || seen.has(device.deviceId)) continue;
    seen.add(device.deviceId);
    list.push({ id: device.deviceId, label: device.label || `${NAMES[kind]} ${list.length + 1}` });
  }
  return list;
}
