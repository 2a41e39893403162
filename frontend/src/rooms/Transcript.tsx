import type { CaptionLine } from "../api/rooms";
import type { Spoken } from "../core/captions";
import { roomsApi } from "../core/client";
import { messageOf } from "../core/errors";
import { saveFile } from "../core/saveFile";
import { Button } from "../ui/Button";
import { useToast } from "../ui/Toasts";
import { Words } from "./Captions";
import styles from "./Transcript.module.css";
import { Initial } from "./Tile";

const SAME_MS = 120_000;

interface Shown {
  id: string;
  at: number;
  speaker: string;
  name: string;
  text: React.ReactNode;
}

function timeOf(at: number): string {
  return new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

interface LinesProps {
  kept: readonly CaptionLine[];
  fresh?: readonly Spoken[];
  nameOf?: (identity: string) => string;
}

/** Who said what, when; in order. */
export function Lines({ kept, fresh = [], nameOf = (identity) => identity }: LinesProps) {
  const lines: Shown[] = [
    ...kept.map((line) => ({ id: line.id, at: Date.parse(line.start), speaker: line.identity, name: line.name, text: line.text })),
    ...fresh.map((one) => ({ id: one.id, at: one.startedAt, speaker: one.speaker, name: nameOf(one.speaker), text: <Words line={one} longest={400} /> })),
  ].sort((a, b) => a.at - b.at);
  return (
    <ol className={styles.list}>
      {lines.map((line, index) => {
        const before = lines[index - 1];
        const same = before?.speaker === line.speaker && line.at - before.at < SAME_MS;
        return (
          <li key={line.id} data-same={same}>
            {!same && (
              <p className={styles.who}>
                <Initial name={line.name} size="s" />
                <b>{line.name}</b>
                <time dateTime={new Date(line.at).toISOString()}>{timeOf(line.at)}</time>
              </p>
            )}
            <p className={styles.text}>{line.text}</p>
          </li>
        );
      })}
    </ol>
  );
}

const KINDS = [
  { kind: "vtt", words: "WebVTT", name: "captions" },
  { kind: "txt", words: "Text", name: "transcript" },
] as const;

/** All of it as files. */
export function Downloads({ slug }: { slug: string }) {
  const say = useToast();
  const save = async (kind: "vtt" | "txt", name: string) => {
    try {
      saveFile(await roomsApi.transcript(slug, kind), `${name}-${slug}.${kind}`);
    } catch (error) {
      say(messageOf(error), "bad");
    }
  };
  return (
    <div className={styles.files} role="group" aria-label="Download the transcript">
      {KINDS.map(({ kind, words, name }) => (
        <Button key={kind} size="s" icon="download" onClick={() => void save(kind, name)}>{words}</Button>
      ))}
    </div>
  );
}
