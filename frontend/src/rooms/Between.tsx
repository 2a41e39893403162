import { ENDING_WORDS, type Visit } from "../core/visit";
import { useSession } from "../shell/session";
import shell from "../shell/Shell.module.css";
import { Button, ButtonLink } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { Mark } from "../ui/Wordmark";
import styles from "./Between.module.css";

interface BetweenProps {
  visit: Visit;
  roomName: string;
  onReturn: () => void;
  onAway: () => void;
}

/** Before, between and after calls: what is going on, and what to do. */
export function Between({ visit, roomName, onReturn, onAway }: BetweenProps) {
  const { session } = useSession();
  if (visit.step === "over") {
    const { title, words, action, label } = ENDING_WORDS[visit.ending];
    return (
      <main className={styles.page} id="main">
        <div className={shell.empty}>
          <Mark size={56} />
          <h1>{title}</h1>
          <p role="status">{visit.message && visit.ending !== "removed" ? visit.message : words}</p>
          <div className={styles.buttons}>
            {action === "return" && <Button kind="primary" icon="door" onClick={onReturn}>{label}</Button>}
            <Button kind={action === "away" ? "primary" : "ghost"} onClick={onAway}>
              {session.signed_in ? "To my rooms" : "To avsite"}
            </Button>
          </div>
          {session.signed_in && (visit.ending === "lost" || visit.ending === "unavailable") && (
            <ButtonLink to="/doctor" kind="ghost" size="s" icon="pulse">Find out why</ButtonLink>
          )}
        </div>
      </main>
    );
  }
  const waiting = visit.step === "waiting";
  const again = visit.step === "again";
  return (
    <main className={styles.page} id="main">
      <div className={shell.empty} role="status">
        <Mark size={64} speaking />
        <h1>{waiting ? "Almost there" : again ? "One moment" : roomName || "Opening the room"}</h1>
        <p>
          {waiting ? visit.message || "A host has been told that you are here." : again ? "The connection was lost. Joining again…" : "Joining…"}
        </p>
        {waiting && <p className={styles.hint}><Icon name="clock" size={17} /> Keep this page open; you join by yourself once a host lets you in.</p>}
        {(waiting || again) && <Button kind="ghost" onClick={onAway}>Leave</Button>}
      </div>
    </main>
  );
}
