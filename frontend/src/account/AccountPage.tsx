import { api } from "../core/client";
import { bytes } from "../core/format";
import { useTitle } from "../shell/title";
import { useLoad } from "../ui/load";
import { Meter } from "../ui/Meter";
import { Notice } from "../ui/Notice";
import styles from "./Account.module.css";
import { Keys } from "./Keys";
import { Webhooks } from "./Webhooks";

export default function AccountPage() {
  useTitle("Account");
  const me = useLoad(api.me, "me");
  return (
    <div className={styles.page}>
      <h1>Account</h1>
      {me.error && <Notice tone="bad">{me.error}</Notice>}
      <section className={styles.who} aria-label="Who you are and what you use">
        <div>
          <p className={styles.name}>{me.data?.username}</p>
          <p className={styles.email}>{me.data?.email}</p>
        </div>
        {me.data && (
          <div className={styles.meters}>
            <Meter
              label="Storage"
              used={me.data.storage.used_bytes}
              limit={me.data.storage.limit_bytes}
              text={`${bytes(me.data.storage.used_bytes)} of ${bytes(me.data.storage.limit_bytes)}`}
            />
            <Meter
              label="Videos in the making"
              used={me.data.jobs.active}
              limit={me.data.jobs.limit}
              text={`${me.data.jobs.active} of ${me.data.jobs.limit} at once`}
            />
          </div>
        )}
      </section>
      <Keys />
      <Webhooks />
      <p className={styles.note}>
        Lost your way in? Whoever runs this server can make a one-time sign-in link for you; no password is needed to use
        it.
      </p>
    </div>
  );
}
