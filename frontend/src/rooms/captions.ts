import { type Room, RoomEvent, type TextStreamReader } from "livekit-client";
import { useEffect, useMemo, useState, useSyncExternalStore } from "react";

import { CaptionBoard, captionsAt, type Spoken } from "../core/captions";

const TOPIC = "lk.transcription";
const SEGMENT = "lk.segment_id";
const FINAL = "lk.transcription_final";
const SETTLED = "avsite.settled";

function settledOf(text: string | undefined): number | undefined {
  return text && /^\d+$/.test(text) ? Number(text) : undefined;
}

async function follow(board: CaptionBoard, reader: TextStreamReader, speaker: string): Promise<void> {
  const { info } = reader;
  const final = () => info.attributes?.[FINAL] === "true";
  board.open({ stream: info.id, segment: info.attributes?.[SEGMENT], speaker, settled: settledOf(info.attributes?.[SETTLED]) });
  try {
    for await (const words of reader) board.append(info.id, words);
  } catch {
    // A stream that breaks off ends with what was heard of it.
  }
  // The end may say that it was final, which its beginning could not know.
  board.close(info.id, final());
}

/** All that is said in the call. */
export function useSpoken(room: Room): { board: CaptionBoard; spoken: readonly Spoken[] } {
  const board = useMemo(() => new CaptionBoard(), []);
  useEffect(() => {
    const gone = ({ identity }: { identity: string }) => board.silence(identity);
    room.registerTextStreamHandler(TOPIC, (reader, from) => void follow(board, reader, from.identity));
    room.on(RoomEvent.ParticipantDisconnected, gone);
    return () => {
      room.unregisterTextStreamHandler(TOPIC);
      room.off(RoomEvent.ParticipantDisconnected, gone);
    };
  }, [room, board]);
  return { board, spoken: useSyncExternalStore(board.subscribe, board.snapshot) };
}

const LOOK_MS = 500;

/** The captions to show now. */
export function useCaptions(spoken: readonly Spoken[]): Spoken[] {
  const [now, setNow] = useState(() => Date.now());
  const latest = spoken.at(-1)?.changedAt ?? 0;
  useEffect(() => {
    if (!latest) return;
    const timer = setInterval(() => setNow(Date.now()), LOOK_MS);
    return () => clearInterval(timer);
  }, [latest]);
  return captionsAt(spoken, Math.max(now, latest));
}
