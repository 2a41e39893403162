import { useCallback, useEffect, useState } from "react";

import { type Check, check, verdictOf } from "../core/checks";
import { roomsApi } from "../core/client";
import { messageOf } from "../core/errors";
import { useTitle } from "../shell/title";
import { Button } from "../ui/Button";
import { Icon, type IconName } from "../ui/Icon";
import { Mark } from "../ui/Wordmark";
import styles from "./Doctor.module.css";
import { PROBES } from "./probes";

const ICONS: Record<Check["state"], IconName> = { ok: "check", warning: "alert", failed: "x", running: "clock", idle: "clock" };
const STATE_WORDS: Record<Check["state"], string> = { ok: "Works", warning: "Remark", failed: "Does not work", running: "Looking", idle: "Waiting" };

function running(): Check[] {
  return PROBES.flatMap(({ names }) => names.map(({ name, label }) => check(name, label, "running", "Looking…")));
}

/** Takes the place of what it is about, or follows it. */
function withResults(old: readonly Check[], results: readonly Check[]): Check[] {
  const first = old.findIndex((one) => one.name === results[0]?.name);
  const names = new Set(results.map((one) => one.name));
  const rest = old.filter((one) => !names.has(one.name));
  return [...rest.slice(0, Math.max(0, first)), ...results, ...rest.slice(Math.max(0, first))];
}

function Checks({ title, checks }: { title: string; checks: readonly Check[] }) {
  return (
    <section className={styles.group} aria-label={title}>
      <h2>{title}</h2>
      <ul>
        {checks.map((one) => (
          <li key={one.name} data-state={one.state} data-check={one.name}>
            <span className={styles.sign}>
              <Icon name={ICONS[one.state]} size={18} />
              <span className="visually-hidden">{STATE_WORDS[one.state]}</span>
            </span>
            <div>
              <h3>{one.label}</h3>
              <p>{one.message}</p>
              {one.fix && one.state !== "ok" && <p className={styles.fix}>{one.fix}</p>}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

export default function DoctorPage() {
  useTitle("Doctor");
  const [browser, setBrowser] = useState<Check[]>(running);
  const [server, setServer] = useState<Check[]>([check("server", "Server", "running", "Looking…")]);
  const [round, setRound] = useState(0);
  useEffect(() => {
    let current = true;
    for (const { run, names } of PROBES) {
      run().then(
        (results) => current && setBrowser((old) => withResults(old, results)),
        (error: unknown) => current && setBrowser((old) => withResults(old, names.map(({ name, label }) => check(name, label, "failed", messageOf(error), "Try again.")))),
      );
    }
    roomsApi.doctor().then(
      ({ items }) => current && setServer(items),
      (error: unknown) => current && setServer([check("server", "Server", "failed", messageOf(error), "Is the web server running?")]),
    );
    return () => {
      current = false;
    };
  }, [round]);
  const again = useCallback(() => {
    setBrowser(running());
    setServer([check("server", "Server", "running", "Looking…")]);
    setRound((n) => n + 1);
  }, []);
  const verdict = verdictOf([...browser, ...server]);
  return (
    <>
      <header className={styles.head} data-state={verdict.state}>
        <Mark size={72} speaking={verdict.state === "running"} />
        <div>
          <h1>
            <span role="status">{verdict.words}</span>
          </h1>
          <p>What a live call needs, looked at from this browser and from the server.</p>
        </div>
        <Button icon="retry" disabled={verdict.state === "running"} onClick={again}>
          Check again
        </Button>
      </header>
      <div className={styles.columns}>
        <Checks title="This browser" checks={browser} />
        <Checks title="The server" checks={server} />
      </div>
    </>
  );
}
