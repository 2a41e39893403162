import { useState } from "react";
import { useParams } from "react-router";

import { roomsApi } from "../core/client";
import { messageOf } from "../core/errors";
import { useTitle } from "../shell/title";
import { Button, ButtonLink } from "../ui/Button";
import { useLoad } from "../ui/load";
import { Notice } from "../ui/Notice";
import head from "../ui/PageHead.module.css";
import { useToast } from "../ui/Toasts";
import { Downloads, Lines } from "./Transcript";
import styles from "./Transcript.module.css";

/** What was said in a room, after the call. */
export default function TranscriptPage() {
  const { slug = "" } = useParams();
  const say = useToast();
  const [busy, setBusy] = useState(false);
  const room = useLoad(() => roomsApi.room(slug), slug);
  const page = useLoad(() => roomsApi.captions(slug), slug);
  const problem = room.error ?? page.error;
  const name = room.data?.name ?? "";
  useTitle(name ? `What was said in ${name}` : "Transcript");
  const earlier = async (cursor: string) => {
    setBusy(true);
    try {
      const next = await roomsApi.captions(slug, cursor);
      page.setData((old) => ({ ...next, items: [...old.items, ...next.items] }));
    } catch (error) {
      say(messageOf(error), "bad");
    }
    setBusy(false);
  };
  return (
    <div className={styles.page}>
      <header className={head.head}>
        <h1>{name}</h1>
        {page.data && page.data.items.length > 0 && <Downloads slug={slug} />}
      </header>
      {problem && <Notice tone="bad" action={<ButtonLink size="s" to="/rooms">To the rooms</ButtonLink>}>{problem}</Notice>}
      {page.data?.items.length === 0 && <Notice>Nothing was said here while captions were on.</Notice>}
      {page.data?.next_cursor && (
        <Button size="s" className={styles.more} disabled={busy} onClick={() => void earlier(page.data?.next_cursor ?? "")}>
          Show earlier
        </Button>
      )}
      {page.data && <Lines kept={[...page.data.items].reverse()} />}
    </div>
  );
}
