import { useCallback, useEffect, useRef, useState } from "react";
import { useSearchParams } from "react-router";

import type { JobState } from "../api/types";
import { api } from "../core/client";
import { messageOf } from "../core/errors";
import { useJobs, useLive } from "../shell/live";
import shell from "../shell/Shell.module.css";
import { useTitle } from "../shell/title";
import { Button, ButtonLink } from "../ui/Button";
import { Notice } from "../ui/Notice";
import { type Tab, Tabs } from "../ui/Tabs";
import { FaceArt } from "../studio/art";
import { JobRow } from "./JobRow";
import head from "../ui/PageHead.module.css";
import styles from "./JobsPage.module.css";

type Filter = "all" | JobState;

const FILTERS: readonly Tab<Filter>[] = [
  { value: "all", label: "All" },
  { value: "running", label: "Working" },
  { value: "queued", label: "In line" },
  { value: "done", label: "Done" },
  { value: "failed", label: "Failed" },
  { value: "cancelled", label: "Cancelled" },
];

interface Reached {
  filter: Filter;
  cursor: string | null;
  /** Jobs of this filter were loaded down to this time; the board may know others from further down. */
  oldest: string;
}

function usePages(filter: Filter) {
  const { board } = useLive();
  const [reached, setReached] = useState<Reached | null>(null);
  const [error, setError] = useState<string | null>(null);
  const [loading, setLoading] = useState(false);
  const newest = useRef(filter);
  const load = useCallback(
    async (cursor?: string) => {
      setLoading(true);
      setError(null);
      try {
        const page = await api.jobs(filter === "all" ? undefined : filter, cursor);
        board.put(...page.items);
        const oldest = page.next_cursor ? (page.items.at(-1)?.created_at ?? "") : "";
        if (newest.current === filter) setReached({ filter, cursor: page.next_cursor, oldest });
      } catch (failure) {
        setError(messageOf(failure));
      }
      setLoading(false);
    },
    [board, filter],
  );
  useEffect(() => {
    newest.current = filter;
    // The first page is loaded because the filter is what it is: there is no event to do it in.
    // eslint-disable-next-line react-hooks/set-state-in-effect
    void load();
  }, [filter, load]);
  return { reached: reached?.filter === filter ? reached : null, error, loading, load };
}

export function JobsPage() {
  useTitle("Videos");
  const [params, setParams] = useSearchParams();
  const asked = params.get("state");
  const filter: Filter = FILTERS.find((one) => one.value === asked)?.value ?? "all";
  const { reached, error, loading, load } = usePages(filter);
  const jobs = useJobs().filter(
    (job) => (filter === "all" || job.state === filter) && (!reached || job.created_at >= reached.oldest),
  );
  const end = useRef<HTMLDivElement>(null);
  const cursor = reached?.cursor;
  useEffect(() => {
    const target = end.current;
    if (!target || !cursor || loading) return;
    const watch = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) void load(cursor);
      },
      { rootMargin: "400px" },
    );
    watch.observe(target);
    return () => watch.disconnect();
  }, [cursor, loading, load]);

  const empty = reached && !jobs.length;
  return (
    <>
      <header className={head.head}>
        <h1>Videos</h1>
        <ButtonLink to="/batches" icon="list">
          Many at once
        </ButtonLink>
        <Tabs
          label="Show videos that are"
          tabs={FILTERS}
          value={filter}
          onChange={(state) => setParams(state === "all" ? {} : { state }, { replace: true })}
          panelId="jobs-list"
        />
      </header>
      {error && (
        <Notice tone="bad" action={<Button size="s" onClick={() => void load()}>Try again</Button>}>
          {error}
        </Notice>
      )}
      <div role="tabpanel" id="jobs-list" aria-labelledby="jobs-list-tab">
        <ul className={styles.list} aria-label="Videos" aria-busy={loading}>
          {jobs.map((job) => (
            <JobRow key={job.id} job={job} />
          ))}
          {!reached && !error && !jobs.length && [0, 1, 2].map((row) => <li key={row} className={styles.ghost} />)}
        </ul>
        {empty && filter === "all" && (
          <div className={shell.empty}>
            <FaceArt />
            <h2>No videos yet</h2>
            <p>Pick a face, give it something to say, and it will turn up here.</p>
            <ButtonLink to="/" kind="primary" size="l">
              Make the first one
            </ButtonLink>
          </div>
        )}
        {empty && filter !== "all" && <p className={styles.none}>No videos in this state.</p>}
      </div>
      <div ref={end} />
      {loading && reached && <p className={styles.none}>Loading more…</p>}
    </>
  );
}
