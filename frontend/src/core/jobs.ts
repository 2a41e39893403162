/** Keeps jobs as the server last told them, whatever order its messages arrive in. */

import type { Job, JobState } from "../api/types";

export type JobMessage =
  | { type: "snapshot"; jobs: Job[] }
  | { type: "snapshot"; job: Job }
  | { type: "delta"; id: string; revision: number; changes: Partial<Job> }
  | { type: "added"; job: Job }
  | { type: "removed"; id: string };

const ENDED: ReadonlySet<JobState> = new Set(["done", "failed", "cancelled"]);

export function hasEnded(job: Pick<Job, "state">): boolean {
  return ENDED.has(job.state);
}

/** The newer of two tellings of one job. Percent only falls when an ended job starts over. */
export function mergeJob(known: Job | undefined, told: Job): Job {
  if (!known) return told;
  if (told.revision < known.revision) return known;
  const startsOver = hasEnded(known) && !hasEnded(told);
  return startsOver ? told : { ...told, percent: Math.max(known.percent, told.percent) };
}

export function applyDelta(known: Job, revision: number, changes: Partial<Job>): Job {
  if (revision <= known.revision) return known;
  return mergeJob(known, { ...known, ...changes, revision });
}

/** Every job this page has heard of, newest first. */
export class JobBoard {
  private jobs = new Map<string, Job>();
  private removed = new Set<string>();
  private list: Job[] = [];
  private listeners = new Set<() => void>();

  /** Called for a job that must be fetched whole: it is new to us, or it has just ended. */
  onStale: (id: string) => void = () => undefined;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** The same array until something changes. */
  snapshot = (): Job[] => this.list;

  get(id: string): Job | undefined {
    return this.jobs.get(id);
  }

  put(...told: Job[]): void {
    for (const job of told) {
      if (!this.removed.has(job.id)) this.jobs.set(job.id, mergeJob(this.jobs.get(job.id), job));
    }
    this.changed();
  }

  remove(id: string): void {
    this.removed.add(id);
    this.jobs.delete(id);
    this.changed();
  }

  /** Puts back a job whose removal was taken back or refused. */
  restore(job: Job): void {
    this.removed.delete(job.id);
    this.put(job);
  }

  clear(): void {
    this.jobs.clear();
    this.removed.clear();
    this.changed();
  }

  receive(message: JobMessage): void {
    switch (message.type) {
      case "snapshot":
        return this.put(...("jobs" in message ? message.jobs : [message.job]));
      case "added":
        return this.put(message.job);
      case "removed":
        return this.remove(message.id);
      case "delta":
        return this.receiveDelta(message.id, message.revision, message.changes);
    }
  }

  private receiveDelta(id: string, revision: number, changes: Partial<Job>): void {
    if (this.removed.has(id)) return;
    const known = this.jobs.get(id);
    if (!known) return this.onStale(id);
    const next = applyDelta(known, revision, changes);
    if (next === known) return;
    this.put(next);
    if (hasEnded(next) && !hasEnded(known)) this.onStale(id);
  }

  private changed(): void {
    this.list = [...this.jobs.values()].sort((a, b) => b.created_at.localeCompare(a.created_at));
    for (const listener of this.listeners) listener();
  }
}
