/** What is being said in a call, word by word, from text streams that may overlap, repeat or end early. */

export interface Spoken {
  /** Speaker and segment: the same while one utterance grows. */
  id: string;
  speaker: string;
  text: string;
  /** How many characters of it, from its beginning, never change any more. */
  settled: number;
  final: boolean;
  /** When its first and its latest word came, in ms. */
  startedAt: number;
  changedAt: number;
}

export interface StreamHead {
  stream: string;
  /** Which utterance it belongs to; a stream that names none is one by itself. */
  segment?: string | undefined;
  speaker: string;
  /** How much of its text never changes any more; all of it where nothing is said of that. */
  settled?: number | undefined;
}

/** How long a finished caption stays in sight, in ms. */
export const CAPTION_STAYS_MS = 4000;
/** An utterance whose end never came is dropped from sight after this silence, in ms. */
export const CAPTION_STALE_MS = 12_000;
/** So much of what was said is kept for the transcript. */
const KEPT = 2000;

interface Stream {
  id: string;
  text: string;
  settled: number | undefined;
}

export class CaptionBoard {
  private streams = new Map<string, Stream>();
  /** The stream whose words an utterance shows: the newest that has sent any. */
  private sources = new Map<string, string>();
  private spoken: Spoken[] = [];
  private listeners = new Set<() => void>();

  constructor(private readonly now: () => number = Date.now) {}

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** All that was said, oldest first; the same array until something changes. */
  snapshot = (): readonly Spoken[] => this.spoken;

  open({ stream, segment, speaker, settled }: StreamHead): void {
    this.streams.set(stream, { id: `${speaker}/${segment ?? stream}`, text: "", settled });
  }

  append(stream: string, words: string): void {
    const known = this.streams.get(stream);
    if (!known || !words) return;
    known.text += words;
    const source = this.sources.get(known.id);
    // A later stream tells the same utterance anew; what still trickles in from the one before is old.
    if (source !== undefined && source !== stream && this.isNewer(source, stream)) return;
    this.sources.set(known.id, stream);
    this.write(known.id, { text: known.text, settled: Math.min(known.settled ?? Infinity, known.text.length) });
  }

  close(stream: string, final: boolean): void {
    const known = this.streams.get(stream);
    this.streams.delete(stream);
    const source = known && this.sources.get(known.id);
    if (!known || !final || source === undefined) return;
    if (source === stream) this.write(known.id, { final: true, settled: known.text.length });
    // Ended without a word: what was only guessed is taken back.
    else if (!known.text) this.write(known.id, { final: true, text: "", settled: 0 });
  }

  /** Ends whatever `speaker` was saying: interrupted, or gone. */
  silence(speaker: string): void {
    for (const line of this.spoken) {
      if (line.speaker === speaker && !line.final) this.write(line.id, { final: true });
    }
  }

  private isNewer(a: string, b: string): boolean {
    const order = [...this.streams.keys()];
    return order.indexOf(a) > order.indexOf(b);
  }

  private write(id: string, change: Partial<Spoken>): void {
    const at = this.now();
    const index = this.spoken.findLastIndex((line) => line.id === id);
    const fresh: Spoken = { id, speaker: id.slice(0, id.indexOf("/")), text: "", settled: 0, final: false, startedAt: at, changedAt: at };
    const old = this.spoken[index] ?? fresh;
    const line = { ...old, ...change, changedAt: at };
    const next = index < 0 ? [...this.spoken, line] : this.spoken.with(index, line);
    this.spoken = next.slice(-KEPT);
    for (const listener of this.listeners) listener();
  }
}

/** The lines to show at `now`: the latest of each speaker that is still being said or just ended. */
export function captionsAt(spoken: readonly Spoken[], now: number, most = 2): Spoken[] {
  const shown = new Map<string, Spoken>();
  for (const line of spoken) {
    const stays = line.final ? CAPTION_STAYS_MS : CAPTION_STALE_MS;
    if (line.text.trim() && now - line.changedAt < stays) shown.set(line.speaker, line);
  }
  return [...shown.values()].sort((a, b) => a.changedAt - b.changedAt).slice(-most);
}

/** The end of a long text, from a word's beginning on. */
export function tail(text: string, length: number): string {
  const flat = text.replace(/\s+/g, " ").trim();
  if (flat.length <= length) return flat;
  const cut = flat.slice(-length);
  const word = cut.indexOf(" ");
  return `…${word < 0 ? cut : cut.slice(word + 1)}`;
}

/** The end of a line in two parts: what stays, and what may still change. */
export function parts(line: Pick<Spoken, "text" | "settled">, length: number): { stays: string; open: string } {
  const shown = tail(line.text, length);
  const open = line.text.slice(line.settled).replace(/\s+/g, " ").trim();
  return open && shown.endsWith(open) ? { stays: shown.slice(0, -open.length), open } : open.length >= shown.length ? { stays: "", open: shown } : { stays: shown, open: "" };
}

export interface Entry {
  at: number;
  name: string;
  text: string;
}

/** What was said and written, in order, as a text to keep. */
export function transcriptText(entries: readonly Entry[]): string {
  return [...entries]
    .sort((a, b) => a.at - b.at)
    .map(({ at, name, text }) => `[${new Date(at).toISOString().slice(11, 19)}] ${name}: ${text.replace(/\s+/g, " ").trim()}`)
    .join("\n");
}
