import { type FormEvent, useState } from "react";

import type { ApiKey } from "../api/types";
import { api } from "../core/client";
import { messageOf } from "../core/errors";
import { ago } from "../core/format";
import { Button } from "../ui/Button";
import { useConfirm } from "../ui/Dialog";
import { useLoad } from "../ui/load";
import { Notice } from "../ui/Notice";
import { useToast } from "../ui/Toasts";
import styles from "./Account.module.css";
import { Secret } from "./Secret";

function example(secret: string): string {
  return [
    `curl ${location.origin}/api/v1/lipsyncs \\`,
    `  -H "Authorization: Bearer ${secret}" \\`,
    `  -F face=@portrait.jpg \\`,
    `  -F text="Hello, this is my face."`,
  ].join("\n");
}

export function Keys() {
  const keys = useLoad(api.keys, "keys");
  const [secret, setSecret] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const say = useToast();
  const ask = useConfirm();

  const create = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    setBusy(true);
    try {
      const key = await api.createKey(String(new FormData(form).get("name")));
      setSecret(key.secret);
      keys.reload();
      form.reset();
    } catch (error) {
      say(messageOf(error), "bad");
    }
    setBusy(false);
  };
  const revoke = async (key: ApiKey) => {
    const sure = await ask({
      title: `Revoke “${key.name}”?`,
      body: "Programs that use this key are refused from now on.",
      confirm: "Revoke key",
    });
    if (!sure) return;
    try {
      await api.revokeKey(key.id);
      keys.reload();
      say("Key revoked.");
    } catch (error) {
      say(messageOf(error), "bad");
    }
  };
  return (
    <section className={styles.keys} aria-labelledby="keys-title">
      <h2 id="keys-title">API keys</h2>
      <p className={styles.lead}>
        For programs that make videos as you. The whole API is described in the <a href="/api/v1/docs">reference</a>.
      </p>
      {secret && <Secret what="key" value={secret} onDone={() => setSecret(null)} />}
      <form className={styles.create} onSubmit={(event) => void create(event)}>
        <label htmlFor="key-name">Name of the new key</label>
        <input id="key-name" name="name" required maxLength={80} placeholder="Newsletter script" />
        <Button type="submit" icon="plus" disabled={busy}>
          Create key
        </Button>
      </form>
      {keys.error && <Notice tone="bad">{keys.error}</Notice>}
      <ul className={styles.list} aria-label="API keys">
        {(keys.data?.items ?? []).map((key) => (
          <li key={key.id}>
            <span className={styles.keyName}>{key.name}</span>
            <code>{key.hint}</code>
            <span className={styles.used}>{key.last_used_at ? `used ${ago(key.last_used_at)}` : "never used"}</span>
            <Button kind="ghost" size="s" icon="trash" onClick={() => void revoke(key)}>
              Revoke
            </Button>
          </li>
        ))}
      </ul>
      <h3>Try it</h3>
      <pre className={styles.code}>{example(secret ?? "avs_…")}</pre>
    </section>
  );
}
