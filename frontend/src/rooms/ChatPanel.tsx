import type { ReceivedChatMessage } from "@livekit/components-react";
import { type FormEvent, Fragment, useEffect, useMemo, useRef, useState } from "react";

import { type Entry, type Spoken, transcriptText } from "../core/captions";
import { messageOf } from "../core/errors";
import { saveFile } from "../core/saveFile";
import { Button } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { useToast } from "../ui/Toasts";
import styles from "./Chat.module.css";
import { SidePanel } from "./SidePanel";

interface Line extends Entry {
  id: string;
  mine: boolean;
  spoken: boolean;
}

interface ChatPanelProps {
  messages: readonly ReceivedChatMessage[];
  spoken: readonly Spoken[];
  nameOf: (identity: string) => string;
  /** The avatar that can be spoken to, if there is one. */
  avatarName: string | null;
  canChat: boolean;
  onSend: (text: string) => Promise<unknown>;
  onClose: () => void;
}

const LINK = /(https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]])/;

function Words({ text }: { text: string }) {
  return text.split(LINK).map((part, index) =>
    index % 2 ? <a key={index} href={part} target="_blank" rel="noreferrer noopener">{part}</a> : <Fragment key={index}>{part}</Fragment>,
  );
}

function save(lines: readonly Entry[]): void {
  saveFile(new Blob([transcriptText(lines), "\n"], { type: "text/plain" }), "transcript.txt");
}

function timeOf(at: number): string {
  return new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

/** What was written, and between it what was said. */
export function ChatPanel({ messages, spoken, nameOf, avatarName, canChat, onSend, onClose }: ChatPanelProps) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  const end = useRef<HTMLDivElement>(null);
  const say = useToast();
  const lines = useMemo<Line[]>(
    () =>
      [
        ...messages.map((one) => ({ id: one.id, at: one.timestamp, name: one.from?.name || nameOf(one.from?.identity ?? ""), text: one.message, mine: Boolean(one.from?.isLocal), spoken: false })),
        ...spoken.filter((one) => one.text.trim()).map((one) => ({ id: one.id, at: one.startedAt, name: nameOf(one.speaker), text: one.text, mine: false, spoken: true })),
      ].sort((a, b) => a.at - b.at),
    [messages, spoken, nameOf],
  );
  const last = lines.at(-1);
  useEffect(() => {
    end.current?.scrollIntoView({ block: "end" });
  }, [last?.id, last?.text]);
  const send = async (event: FormEvent) => {
    event.preventDefault();
    const words = text.trim();
    if (!words || busy) return;
    setBusy(true);
    try {
      await onSend(words);
      setText("");
    } catch (error) {
      say(messageOf(error), "bad");
    }
    setBusy(false);
  };
  return (
    <SidePanel
      title="Chat"
      onClose={onClose}
      actions={lines.length > 0 && <Button kind="ghost" size="s" icon="download" iconOnly onClick={() => save(lines)}>Save what was said</Button>}
    >
      <div className={styles.scroll} role="log" aria-label="What was written and said">
        {!lines.length && (
          <div className={styles.none}>
            <Icon name="chat" size={40} />
            <p>Nothing written or said yet. What the avatar says turns up here as well.</p>
          </div>
        )}
        <ol className={styles.list}>
          {lines.map((line, index) => {
            const before = lines[index - 1];
            const same = before?.name === line.name && before.spoken === line.spoken && line.at - before.at < 120_000;
            return (
              <li key={line.id} data-mine={line.mine} data-spoken={line.spoken} data-same={same}>
                {!same && (
                  <p className={styles.who}>
                    {line.spoken && <Icon name="lips" size={15} />}
                    {line.mine ? "You" : line.name}
                    <time>{timeOf(line.at)}</time>
                  </p>
                )}
                <p className={styles.text}><Words text={line.text} /></p>
              </li>
            );
          })}
        </ol>
        <div ref={end} />
      </div>
      {canChat ? (
        <form className={styles.write} onSubmit={(event) => void send(event)}>
          <label className="visually-hidden" htmlFor="chat-text">Message</label>
          <textarea
            id="chat-text"
            rows={1}
            value={text}
            maxLength={2000}
            placeholder={avatarName ? `@${avatarName} … makes it speak` : "Write to everyone"}
            onChange={(event) => setText(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) void send(event);
            }}
          />
          <Button kind="primary" icon="send" iconOnly type="submit" disabled={busy || !text.trim()}>
            Send
          </Button>
        </form>
      ) : (
        <p className={styles.mayNot}>You can read along. A host can let you write.</p>
      )}
    </SidePanel>
  );
}
