import { type FormEvent, useEffect, useState } from "react";
import { useNavigate, useParams } from "react-router";

import { webhooksApi } from "../core/client";
import { ago } from "../core/format";
import type { Delivery, EventType, Webhook } from "../core/webhooksApi";
import { useTitle } from "../shell/title";
import { Button, ButtonLink } from "../ui/Button";
import { useConfirm } from "../ui/Dialog";
import fold from "../ui/Fold.module.css";
import { Icon } from "../ui/Icon";
import { useLoad } from "../ui/load";
import { Notice } from "../ui/Notice";
import { useToast } from "../ui/Toasts";
import { useWork } from "../ui/useWork";
import account from "./Account.module.css";
import { Secret } from "./Secret";
import styles from "./Webhooks.module.css";
import { Events, standing } from "./Webhooks";

const LOOK_MS = 2000;
const WORDS: Record<Delivery["state"], string> = {
  waiting: "Waiting",
  sending: "Sending",
  delivered: "Delivered",
  failed: "Failed",
};

export default function WebhookPage() {
  const { id = "" } = useParams();
  const webhook = useLoad(() => webhooksApi.one(id), id);
  useTitle("Webhook");
  return (
    <div className={account.page}>
      <div>
        <ButtonLink to="/account" kind="ghost" size="s" icon="back">
          Account
        </ButtonLink>
      </div>
      <h1 className={styles.title}>Webhook</h1>
      {webhook.error && <Notice tone="bad">{webhook.error}</Notice>}
      {webhook.data && <Detail webhook={webhook.data} reload={webhook.reload} />}
    </div>
  );
}

function Detail({ webhook, reload }: { webhook: Webhook; reload: () => void }) {
  const [secret, setSecret] = useState<string | null>(null);
  const [busy, work] = useWork();
  const [sent, setSent] = useState(0);
  const ask = useConfirm();
  const say = useToast();
  const go = useNavigate();
  const { state, words } = standing(webhook);
  const change = (changes: Parameters<typeof webhooksApi.change>[1], done: string) =>
    work(async () => {
      await webhooksApi.change(webhook.id, changes);
      reload();
      say(done);
    });
  const remove = () =>
    work(async () => {
      const question = { title: "Delete this webhook?", body: "It is told nothing more, and what was sent is forgotten.", confirm: "Delete webhook" };
      if (!(await ask(question))) return;
      await webhooksApi.remove(webhook.id);
      say("Webhook deleted.");
      await go("/account");
    });
  const roll = () =>
    work(async () => {
      const body = "Messages are signed with the old secret too for another day, so that you can change it in peace.";
      if (!(await ask({ title: "Make a new secret?", body, confirm: "New secret" }))) return;
      setSecret((await webhooksApi.rollSecret(webhook.id)).secret);
    });
  const test = () =>
    work(async () => {
      await webhooksApi.test(webhook.id);
      setSent((count) => count + 1);
    });
  return (
    <>
      <section className={styles.head} aria-label="This webhook">
        <p className={styles.big}>{webhook.note || webhook.url}</p>
        {webhook.note && <p className={styles.meta}>{webhook.url}</p>}
        <p className={styles.meta}>
          <span className={styles.dot} data-state={state} />
          {words}
        </p>
        <div className={account.buttons}>
          {webhook.enabled && (
            <Button size="s" icon="send" disabled={busy} onClick={() => void test()}>
              Send a test
            </Button>
          )}
          <Button size="s" disabled={busy} onClick={() => void change({ enabled: !webhook.enabled }, webhook.enabled ? "Webhook off." : "Webhook on.")}>
            {webhook.enabled ? "Turn off" : "Turn on"}
          </Button>
          <Button kind="ghost" size="s" icon="key" disabled={busy} onClick={() => void roll()}>
            New secret
          </Button>
          <Button kind="ghost" size="s" icon="trash" disabled={busy} onClick={() => void remove()}>
            Delete
          </Button>
        </div>
        {secret && <Secret what="secret" value={secret} onDone={() => setSecret(null)} />}
        <Choice key={webhook.events.join()} webhook={webhook} busy={busy} onChange={(events) => void change({ events }, "Saved.")} />
      </section>
      <Deliveries webhook={webhook} sent={sent} onLook={reload} />
    </>
  );
}

function Choice({ webhook, busy, onChange }: { webhook: Webhook; busy: boolean; onChange: (events: EventType[]) => void }) {
  const list = useLoad(webhooksApi.list, "events");
  const save = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    onChange(new FormData(event.currentTarget).getAll("events").map(String) as EventType[]);
  };
  return (
    <details className={fold.fold}>
      <summary>
        Told of {webhook.events.length === 1 ? "one kind of event" : `${webhook.events.length} kinds of events`}
        <Icon name="chevron" size={18} />
      </summary>
      <form className={styles.form} onSubmit={save}>
        <Events all={list.data?.events ?? []} chosen={webhook.events} />
        <Button type="submit" disabled={busy}>
          Save
        </Button>
      </form>
    </details>
  );
}

function Deliveries({ webhook, sent, onLook }: { webhook: Webhook; sent: number; onLook: () => void }) {
  const page = useLoad(() => webhooksApi.deliveries(webhook.id), `${webhook.id} ${sent} ${webhook.enabled}`);
  const [older, setOlder] = useState<{ items: Delivery[]; next: string | null } | null>(null);
  const [busy, work] = useWork();
  const first = page.data?.items ?? [];
  const seen = new Set(first.map((one) => one.id));
  const items = [...first, ...(older?.items ?? []).filter((one) => !seen.has(one.id))];
  const next = older ? older.next : (page.data?.next_cursor ?? null);
  const { reload } = page;
  useEffect(() => {
    const timer = setInterval(() => {
      reload();
      onLook();
    }, LOOK_MS);
    return () => clearInterval(timer);
  }, [reload, onLook]);
  const more = () =>
    work(async () => {
      const got = await webhooksApi.deliveries(webhook.id, next ?? undefined);
      setOlder((old) => ({ items: [...(old?.items ?? []), ...got.items], next: got.next_cursor }));
    });
  const replay = (delivery: Delivery) =>
    work(async () => {
      await webhooksApi.replay(webhook.id, delivery.id);
      reload();
    });
  return (
    <section className={account.keys} aria-labelledby="deliveries-title">
      <h2 id="deliveries-title">Deliveries</h2>
      {page.error && <Notice tone="bad">{page.error}</Notice>}
      {page.data && items.length === 0 && <p className={account.lead}>Nothing was sent yet. Send a test to see how it looks.</p>}
      <ul className={styles.list} aria-label="Deliveries">
        {items.map((delivery) => (
          <Row key={delivery.id} delivery={delivery} busy={busy || !webhook.enabled} onReplay={() => void replay(delivery)} />
        ))}
      </ul>
      {next && (
        <div>
          <Button disabled={busy} onClick={() => void more()}>
            Show older ones
          </Button>
        </div>
      )}
    </section>
  );
}

function Row({ delivery, busy, onReplay }: { delivery: Delivery; busy: boolean; onReplay: () => void }) {
  const over = delivery.state === "delivered" || delivery.state === "failed";
  const figures = [
    delivery.response_status === null ? "" : String(delivery.response_status),
    delivery.milliseconds === null ? "" : `${delivery.milliseconds} ms`,
    delivery.attempts > 1 ? `try ${delivery.attempts}` : "",
    ago(delivery.created_at),
  ];
  return (
    <li className={styles.delivery} data-testid="delivery">
      <div className={styles.row}>
        <span className={styles.state} data-state={delivery.state}>
          {WORDS[delivery.state]}
        </span>
        <code>{delivery.type}</code>
        <span className={styles.figures}>{figures.filter(Boolean).join(" · ")}</span>
        {over && (
          <Button kind="ghost" size="s" icon="retry" disabled={busy} onClick={onReplay}>
            Send again
          </Button>
        )}
      </div>
      {delivery.message && <p className={styles.message}>{delivery.message}</p>}
      <details className={fold.fold}>
        <summary>
          What was sent
          <Icon name="chevron" size={18} />
        </summary>
        <pre className={account.code}>{`webhook-id: ${delivery.message_id}\n\n${delivery.body}`}</pre>
      </details>
    </li>
  );
}
