import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { LiveSocket, type SocketStatus, socketUrl } from "./socket";

class FakeSocket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  closed = false;
  close() {
    this.closed = true;
  }
}

let made: FakeSocket[];
let statuses: SocketStatus[];
let messages: unknown[];

function open(): LiveSocket {
  return new LiveSocket("ws://x/ws/jobs/", {
    onMessage: (message) => messages.push(message),
    onStatus: (status) => statuses.push(status),
    makeSocket: () => {
      const socket = new FakeSocket();
      made.push(socket);
      return socket as unknown as WebSocket;
    },
    random: () => 1,
  });
}

beforeEach(() => {
  vi.useFakeTimers();
  made = [];
  statuses = [];
  messages = [];
});
afterEach(() => vi.useRealTimers());

describe("LiveSocket", () => {
  it("hands on messages", () => {
    open();
    made[0]?.onopen?.();
    made[0]?.onmessage?.({ data: '{"type":"snapshot","jobs":[]}' });
    expect(messages).toEqual([{ type: "snapshot", jobs: [] }]);
    expect(statuses).toEqual(["connecting", "open"]);
  });

  it("comes back after a drop, waiting longer each time, and soon again after success", () => {
    open();
    made[0]?.onclose?.({ code: 1006 });
    vi.advanceTimersByTime(499);
    expect(made).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(made).toHaveLength(2);
    made[1]?.onclose?.({ code: 1006 });
    vi.advanceTimersByTime(999);
    expect(made).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(made).toHaveLength(3);
    made[2]?.onopen?.();
    made[2]?.onclose?.({ code: 1012 });
    vi.advanceTimersByTime(500);
    expect(made).toHaveLength(4);
  });

  it("never waits longer than fifteen seconds", () => {
    open();
    for (let turn = 0; turn < 12; turn += 1) {
      made.at(-1)?.onclose?.({ code: 1006 });
      vi.advanceTimersByTime(15_000);
    }
    expect(made).toHaveLength(13);
  });

  it("tries at once when it is told that the network is back", () => {
    const socket = open();
    made[0]?.onclose?.({ code: 1006 });
    socket.hurry();
    expect(made).toHaveLength(2);
    vi.advanceTimersByTime(60_000);
    expect(made).toHaveLength(2);
  });

  it.each([4401, 4403, 4404])("takes a refusal (%i) for an answer", (code) => {
    open();
    made[0]?.onclose?.({ code });
    vi.advanceTimersByTime(60_000);
    expect(made).toHaveLength(1);
    expect(statuses.at(-1)).toBe("refused");
  });

  it("stays closed", () => {
    const socket = open();
    socket.close();
    made[0]?.onclose?.({ code: 1000 });
    vi.advanceTimersByTime(60_000);
    expect(made).toHaveLength(1);
    expect(made[0]?.closed).toBe(true);
  });
});

it("uses a safe socket on a safe page", () => {
  expect(socketUrl("/ws/jobs/", { protocol: "https:", host: "a.example" })).toBe("wss://a.example/ws/jobs/");
  expect(socketUrl("/ws/jobs/", { protocol: "http:", host: "localhost:8000" })).toBe("ws://localhost:8000/ws/jobs/");
});
