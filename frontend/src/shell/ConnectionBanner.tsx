import { useEffect, useState } from "react";

import { Icon } from "../ui/Icon";
import { useLive } from "./live";
import { useSession } from "./session";
import styles from "./Shell.module.css";

/** A short drop is nobody's business; a long one is said. */
const PATIENCE_MS = 4000;

export function ConnectionBanner() {
  const { status } = useLive();
  const { session } = useSession();
  const [offline, setOffline] = useState(!navigator.onLine);
  const [long, setLong] = useState(false);
  useEffect(() => {
    const update = () => setOffline(!navigator.onLine);
    addEventListener("online", update);
    addEventListener("offline", update);
    return () => {
      removeEventListener("online", update);
      removeEventListener("offline", update);
    };
  }, []);
  const away = session.signed_in && status !== "open" && status !== "refused";
  useEffect(() => {
    if (!away) return;
    const timer = setTimeout(() => setLong(true), PATIENCE_MS);
    return () => {
      clearTimeout(timer);
      setLong(false);
    };
  }, [away]);
  const text = offline
    ? "You are offline. What you have entered is kept; work goes on when the connection is back."
    : long
      ? "Live updates are interrupted. Reconnecting…"
      : "";
  return (
    <div role="status" aria-live="polite">
      {text && (
        <p className={styles.banner}>
          <Icon name="wifi" size={17} />
          {text}
        </p>
      )}
    </div>
  );
}
