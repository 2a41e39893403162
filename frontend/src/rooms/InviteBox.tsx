import { useState } from "react";

import type { InviteRole } from "../api/rooms";
import { roomsApi } from "../core/client";
import { messageOf } from "../core/errors";
import { plural } from "../core/format";
import { Button } from "../ui/Button";
import { useLoad } from "../ui/load";
import { Notice } from "../ui/Notice";
import { type Segment, Segments } from "../ui/Segments";
import { useToast } from "../ui/Toasts";
import styles from "./Invite.module.css";

const ROLES: readonly Segment<InviteRole>[] = [
  { value: "guest", label: "To talk" },
  { value: "speaker", label: "To present" },
  { value: "viewer", label: "To watch" },
];
const MAY: Record<InviteRole, string> = {
  guest: "Camera, microphone and chat. No account needed.",
  speaker: "Camera, microphone, screen sharing and chat.",
  viewer: "Sees, hears and reads. Nobody sees or hears them.",
};

/** Links that let others in, one for each thing they may do. */
export function InviteBox({ slug }: { slug: string }) {
  const invites = useLoad(() => roomsApi.invites(slug), slug);
  const [role, setRole] = useState<InviteRole>("guest");
  const [busy, setBusy] = useState(false);
  const say = useToast();
  const invite = invites.data?.items.find((one) => one.role === role);
  const link = invite ? new URL(invite.url, location.origin).href : "";

  const copy = async (text: string) => {
    try {
      await navigator.clipboard.writeText(text);
      say("Link copied.");
    } catch {
      say("Select the link and copy it.", "bad");
    }
  };
  const make = async () => {
    setBusy(true);
    try {
      const made = await roomsApi.invite(slug, role);
      invites.setData((old) => ({ items: [made, ...old.items] }));
      await copy(new URL(made.url, location.origin).href);
    } catch (error) {
      say(messageOf(error), "bad");
    }
    setBusy(false);
  };
  const revoke = async (id: string) => {
    try {
      await roomsApi.revokeInvite(slug, id);
      invites.setData((old) => ({ items: old.items.filter((one) => one.id !== id) }));
      say("That link no longer works.");
    } catch (error) {
      say(messageOf(error), "bad");
    }
  };

  return (
    <section className={styles.box} aria-label="Invite people">
      <h3>Invite people</h3>
      <Segments label="What they may do" segments={ROLES} value={role} onChange={setRole} />
      <p className={styles.hint}>{MAY[role]}</p>
      {invites.error && <Notice tone="bad">{invites.error}</Notice>}
      {invite ? (
        <>
          <div className={styles.link}>
            <input aria-label="Invite link" readOnly value={link} onFocus={(event) => event.target.select()} />
            <Button kind="primary" size="s" icon="copy" onClick={() => void copy(link)}>
              Copy
            </Button>
          </div>
          <p className={styles.foot}>
            <span>{invite.uses ? `Used ${plural(invite.uses, "time")}` : "Not used yet"}</span>
            <Button kind="ghost" size="s" onClick={() => void revoke(invite.id)}>
              Take back
            </Button>
          </p>
        </>
      ) : (
        <Button icon="link" disabled={busy || !invites.data} onClick={() => void make()}>
          Make a link
        </Button>
      )}
    </section>
  );
}
