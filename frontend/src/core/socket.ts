/** A WebSocket that comes back: after a drop it waits longer each time, and at once when the network returns. */

export type SocketStatus = "connecting" | "open" | "waiting" | "refused";

/** The server closes with these when asking again would not help. */
const REFUSALS = new Set([4401, 4403, 4404]);
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

export interface SocketOptions {
  onMessage: (message: unknown) => void;
  onStatus?: (status: SocketStatus) => void;
  makeSocket?: (url: string) => WebSocket;
  /** 0..1; spreads the return of many pages after a server restart. */
  random?: () => number;
}

export class LiveSocket {
  private socket: WebSocket | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private closed = false;
  status: SocketStatus = "connecting";

  constructor(private readonly url: string, private readonly options: SocketOptions) {
    this.connect();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.socket?.close();
  }

  /** Tries again now instead of when the wait is over. */
  hurry(): void {
    if (this.status !== "waiting" || this.closed) return;
    clearTimeout(this.timer);
    this.connect();
  }

  private connect(): void {
    this.setStatus("connecting");
    const socket = (this.options.makeSocket ?? ((url) => new WebSocket(url)))(this.url);
    this.socket = socket;
    socket.onopen = () => {
      this.failures = 0;
      this.setStatus("open");
    };
    socket.onmessage = (event: MessageEvent<string>) => this.options.onMessage(JSON.parse(event.data));
    socket.onclose = (event) => {
      if (this.closed || this.socket !== socket) return;
      if (REFUSALS.has(event.code)) return this.setStatus("refused");
      this.setStatus("waiting");
      this.timer = setTimeout(() => this.connect(), this.nextWait());
    };
  }

  private nextWait(): number {
    const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.failures);
    this.failures += 1;
    return longest / 2 + (longest / 2) * (this.options.random ?? Math.random)();
  }

  private setStatus(status: SocketStatus): void {
    this.status = status;
    this.options.onStatus?.(status);
  }
}

export function socketUrl(path: string, page: Pick<Location, "protocol" | "host"> = location): string {
  return `${page.protocol === "https:" ? "wss" : "ws"}://${page.host}${path}`;
}
