import { useEffect, useMemo, useRef } from "react";

import type { CaptionLine, Captions, Room } from "../api/rooms";
import type { Spoken } from "../core/captions";
import { roomsApi } from "../core/client";
import { messageOf } from "../core/errors";
import { Button } from "../ui/Button";
import { useConfirm } from "../ui/Dialog";
import { Icon } from "../ui/Icon";
import { type Loaded, useLoad } from "../ui/load";
import { Notice } from "../ui/Notice";
import { useToast } from "../ui/Toasts";
import { Switch } from "./PeoplePanel";
import { SidePanel } from "./SidePanel";
import { Downloads, Lines } from "./Transcript";
import styles from "./Transcript.module.css";

/** The site hears of a line within a second of its end. */
const KEPT_MS = 1500;

type Page = Awaited<ReturnType<typeof roomsApi.captions>>;

/** What is kept, looked at again whenever a line has ended. */
function useKept(slug: string, ended: number): Loaded<Page> {
  const page = useLoad(() => roomsApi.captions(slug), slug);
  const { reload } = page;
  useEffect(() => {
    if (!ended) return;
    const timer = setTimeout(reload, KEPT_MS);
    return () => clearTimeout(timer);
  }, [ended, reload]);
  return page;
}

function State({ captions, isHost }: { captions: Captions; isHost: boolean }) {
  if (captions.state === "unavailable") return <Notice tone="warn">{captions.message}</Notice>;
  if (captions.state === "off") {
    return <p className={styles.note}>{isHost ? "Everybody sees that they are on. What is said is kept with the room." : "A host can turn captions on."}</p>;
  }
  const by = captions.state === "on" ? `What is said is shown to everybody and kept with the room. Model: ${captions.model}.` : "";
  return <p className={styles.note} role="status">{[by, captions.message].filter(Boolean).join(" ")}</p>;
}

interface TranscriptPanelProps {
  room: Room;
  spoken: readonly Spoken[];
  isHost: boolean;
  nameOf: (identity: string) => string;
  onClose: () => void;
}

/** The switch of the captions, and what was said. */
export function TranscriptPanel({ room, spoken, isHost, nameOf, onClose }: TranscriptPanelProps) {
  const say = useToast();
  const ask = useConfirm();
  const end = useRef<HTMLDivElement>(null);
  const page = useKept(room.slug, spoken.filter((one) => one.final).length);
  const kept = useMemo(() => [...(page.data?.items ?? [])].reverse(), [page.data]);
  // What is being said, or was a moment ago, is not kept yet.
  const fresh = useMemo(() => {
    const known = new Set(kept.map((line) => line.id));
    return spoken.filter((one) => one.text.trim() && !known.has(one.id.slice(one.id.indexOf("/") + 1)) && (!one.final || isRecent(one, kept)));
  }, [spoken, kept]);
  const last = fresh.at(-1)?.text ?? kept.at(-1)?.id;
  useEffect(() => {
    end.current?.scrollIntoView({ block: "end" });
  }, [last]);
  const switchTo = async (captions: boolean) => {
    try {
      await roomsApi.changeRoom(room.slug, { captions });
    } catch (error) {
      say(messageOf(error), "bad");
    }
  };
  const forget = async () => {
    const sure = await ask({ title: "Delete what was said?", body: "The transcript of this room is gone for everybody.", confirm: "Delete transcript" });
    if (!sure) return;
    try {
      await roomsApi.forgetCaptions(room.slug);
      page.reload();
    } catch (error) {
      say(messageOf(error), "bad");
    }
  };
  return (
    <SidePanel title="Captions" onClose={onClose}>
      <div className={styles.top}>
        {isHost && <Switch on={room.captions.wanted} label="Caption this room" words="What people say, as words" onChange={switchTo} />}
        <State captions={room.captions} isHost={isHost} />
      </div>
      <div className={styles.scroll} role="log" aria-label="Transcript" aria-live="off">
        {page.error && <Notice tone="bad" action={<Button size="s" onClick={page.reload}>Try again</Button>}>{page.error}</Notice>}
        {page.data && !kept.length && !fresh.length && (
          <div className={styles.none}>
            <Icon name="captions" size={40} />
            <p>Nothing said yet. Words appear here with the name of who says them.</p>
          </div>
        )}
        <Lines kept={kept} fresh={fresh} nameOf={nameOf} />
        <div ref={end} />
      </div>
      {kept.length > 0 && (
        <div className={styles.foot}>
          <Downloads slug={room.slug} />
          {isHost && <Button kind="ghost" size="s" icon="trash" iconOnly onClick={() => void forget()}>Delete what was said</Button>}
        </div>
      )}
    </SidePanel>
  );
}

/** A line that has ended and is not kept: from before captions were kept, or on its way. */
function isRecent(one: Spoken, kept: readonly CaptionLine[]): boolean {
  const newest = kept.at(-1);
  return !newest || one.changedAt > Date.parse(newest.end) - 10_000;
}
