import { type FormEvent, useState } from "react";
import { Link } from "react-router";

import { webhooksApi } from "../core/client";
import { ApiError, messageOf } from "../core/errors";
import type { EventType, Webhook, WebhookEvent } from "../core/webhooksApi";
import { ago } from "../core/format";
import { Button } from "../ui/Button";
import { useLoad } from "../ui/load";
import { Notice } from "../ui/Notice";
import account from "./Account.module.css";
import { Field, type Problem } from "./Form";
import { Secret } from "./Secret";
import styles from "./Webhooks.module.css";

/** How an endpoint is, in one word and a sentence. */
export function standing(webhook: Webhook): { state: "on" | "failing" | "off"; words: string } {
  if (!webhook.enabled) return { state: "off", words: `Off. ${webhook.disabled_reason}` };
  if (webhook.failing_since) return { state: "failing", words: `Failing since ${ago(webhook.failing_since)}` };
  const last = webhook.last_delivery;
  return { state: "on", words: last ? `Last message ${ago(last.created_at)}` : "Nothing sent yet" };
}

export function Webhooks() {
  const list = useLoad(webhooksApi.list, "webhooks");
  const [secret, setSecret] = useState<string | null>(null);
  const items = list.data?.items ?? [];
  return (
    <section className={account.keys} aria-labelledby="webhooks-title">
      <h2 id="webhooks-title">Webhooks</h2>
      <p className={account.lead}>
        A message to a server of yours when something is done, signed as{" "}
        <a href="https://www.standardwebhooks.com">Standard Webhooks</a> says.
      </p>
      {secret && <Secret what="secret" value={secret} onDone={() => setSecret(null)} />}
      {list.error && <Notice tone="bad">{list.error}</Notice>}
      {items.length > 0 && (
        <ul className={styles.list} aria-label="Webhooks">
          {items.map((webhook) => {
            const { state, words } = standing(webhook);
            return (
              <li key={webhook.id}>
                <Link to={`/account/webhooks/${webhook.id}`} className={styles.link}>
                  <span className={styles.url}>{webhook.note || webhook.url}</span>
                  <span className={styles.meta}>
                    <span className={styles.dot} data-state={state} />
                    {words}
                  </span>
                </Link>
              </li>
            );
          })}
        </ul>
      )}
      {list.data && (
        <Create
          events={list.data.events}
          onMade={(made) => {
            setSecret(made);
            list.reload();
          }}
        />
      )}
    </section>
  );
}

function Create({ events, onMade }: { events: WebhookEvent[]; onMade: (secret: string) => void }) {
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const create = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const fields = new FormData(form);
    setBusy(true);
    setProblem(null);
    try {
      const made = await webhooksApi.create({
        url: String(fields.get("url")).trim(),
        note: String(fields.get("note")),
        events: fields.getAll("events").map(String) as EventType[],
      });
      form.reset();
      onMade(made.secret);
    } catch (error) {
      const param = error instanceof ApiError ? error.param?.split(".").at(0) : undefined;
      setProblem({ message: messageOf(error), param });
    }
    setBusy(false);
  };
  return (
    <form className={styles.form} onSubmit={(event) => void create(event)} aria-label="New webhook">
      <Field label="Address" name="url" placeholder="https://example.org/hook" required problem={problem} hint="Reached by HTTPS from this site." />
      <Field label="Name" name="note" maxLength={120} placeholder="Newsletter" problem={problem} hint="For you, to tell webhooks apart." />
      <Events all={events} chosen={["job.done", "job.failed"]} />
      {problem && problem.param !== "url" && problem.param !== "note" && <Notice tone="bad">{problem.message}</Notice>}
      <Button type="submit" icon="plus" disabled={busy}>
        Add webhook
      </Button>
    </form>
  );
}

export function Events({ all, chosen }: { all: WebhookEvent[]; chosen: string[] }) {
  return (
    <fieldset className={styles.events}>
      <legend>Told of</legend>
      {all.map((one) => (
        <label key={one.type}>
          <input type="checkbox" name="events" value={one.type} defaultChecked={chosen.includes(one.type)} />
          <span>
            <code>{one.type}</code>
            <small>{one.description}</small>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
