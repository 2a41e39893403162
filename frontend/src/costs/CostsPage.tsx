import { useState } from "react";

import type { CostLine } from "../api/types";
import { api } from "../core/client";
import { dollars, plural, span } from "../core/format";
import { useSession } from "../shell/session";
import { useTitle } from "../shell/title";
import { useNames } from "../ui/catalogue";
import { useLoad } from "../ui/load";
import { Meter } from "../ui/Meter";
import { Notice } from "../ui/Notice";
import head from "../ui/PageHead.module.css";
import { type Segment, Segments } from "../ui/Segments";
import styles from "./Costs.module.css";

const RANGES: readonly Segment<string>[] = [
  { value: "7", label: "7 days" },
  { value: "30", label: "30 days" },
  { value: "365", label: "A year" },
];
const WHOSE: readonly Segment<string>[] = [
  { value: "mine", label: "Mine" },
  { value: "all", label: "Everyone's" },
];

function exactly(usd: number): string {
  return `$${usd.toFixed(2)}`;
}

export default function CostsPage() {
  useTitle("Costs");
  const { session } = useSession();
  const [days, setDays] = useState("30");
  const [whose, setWhose] = useState("mine");
  const everyone = whose === "all";
  const costs = useLoad(() => api.costs(Number(days), everyone), `${days} ${whose}`);
  return (
    <div className={styles.page}>
      <header className={head.head}>
        <h1>Costs</h1>
        <div className={styles.choices}>
          {session.user?.is_staff && <Segments label="Whose costs" segments={WHOSE} value={whose} onChange={setWhose} />}
          <Segments label="How far back" segments={RANGES} value={days} onChange={setDays} />
        </div>
      </header>
      {costs.error && <Notice tone="bad">{costs.error}</Notice>}
      {costs.data && (
        <>
          <section className={styles.top} aria-label="Totals">
            <div>
              <p className={styles.total}>{exactly(costs.data.total_usd)}</p>
              <p className={styles.sub}>spent in the last {plural(Number(days), "day")}</p>
            </div>
            <div className={styles.budgets}>
              {costs.data.budgets.map((budget) => (
                <Meter
                  key={budget.name}
                  label={budget.name}
                  used={budget.used_usd}
                  limit={budget.limit_usd ?? 0}
                  text={
                    budget.limit_usd === null
                      ? `${exactly(budget.used_usd)}, no limit`
                      : `${exactly(budget.used_usd)} of ${exactly(budget.limit_usd)}`
                  }
                />
              ))}
            </div>
          </section>
          <Lines lines={costs.data.items} everyone={everyone} />
          {costs.data.items.length > 0 && (
            <a className={styles.csv} href={api.costsUrl(Number(days), everyone)} download>
              Download as CSV
            </a>
          )}
        </>
      )}
    </div>
  );
}

function Lines({ lines, everyone }: { lines: CostLine[]; everyone: boolean }) {
  const names = useNames();
  if (!lines.length) return <p className={styles.sub}>Nothing was made in this time.</p>;
  return (
    <div className={styles.scroll}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Day</th>
            {everyone && <th scope="col">Who</th>}
            <th scope="col">Engine</th>
            <th scope="col">Videos</th>
            <th scope="col">Length</th>
            <th scope="col">Put aside</th>
            <th scope="col">Cost</th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={`${line.day} ${line.user} ${line.engine}`}>
              <th scope="row">
                {new Date(`${line.day}T12:00:00Z`).toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric" })}
              </th>
              {everyone && <td>{line.user || "–"}</td>}
              <td>{names.engine(line.engine)}</td>
              <td>{line.count}</td>
              <td>{span(line.seconds)}</td>
              <td>{line.reserved_usd ? exactly(line.reserved_usd) : ""}</td>
              <td>{dollars(line.cost_usd)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
