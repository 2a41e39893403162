import { describe, expect, it } from "vitest";

import { deviceList, deviceProblem } from "./devices";

function thrown(name: string): Error {
  return Object.assign(new Error("x"), { name });
}

describe("deviceProblem", () => {
  it("says how to allow, plug in or free a device", () => {
    expect(deviceProblem("camera", thrown("NotAllowedError"), true)).toContain("address bar");
    expect(deviceProblem("microphone", thrown("NotFoundError"), true)).toContain("Plug one in");
    expect(deviceProblem("camera", thrown("Strange"), true)).toContain("Try again");
  });

  it("is silent when someone closes the screen picker", () => {
    expect(deviceProblem("screen", thrown("NotAllowedError"), true)).toBe("");
  });

  it("names the page's own fault first", () => {
    expect(deviceProblem("camera", thrown("TypeError"), false)).toContain("https");
  });
});

describe("deviceList", () => {
  const device = (kind: MediaDeviceKind, deviceId: string, label = "") => ({ kind, deviceId, label }) as MediaDeviceInfo;

  it("names nameless devices and leaves out doubles and those that cannot be chosen", () => {
    const all = [
      device("audioinput", "a", "Desk"), device("audioinput", "a", "Desk again"), device("audioinput", "b"),
      device("videoinput", "c"), device("audioinput", ""),
    ];
    expect(deviceList(all, "audioinput")).toEqual([{ id: "a", label: "Desk" }, { id: "b", label: "Microphone 2" }]);
  });
});
