/** A room as the server last told it: who is here, who waits, and its avatar. */

import type { AvatarSession, Person, Room, RoomEvent } from "../api/rooms";

export type RoomMessage =
  | { type: "snapshot"; room: Room; participants: Person[]; avatars: AvatarSession[] }
  | { type: "room"; changes: Partial<Room> }
  | { type: "participant"; participant: Person }
  | { type: "participant_gone"; identity: string }
  | { type: "avatar"; avatar: AvatarSession }
  | { type: "event"; event: RoomEvent };

export interface RoomView {
  room: Room | null;
  people: readonly Person[];
  avatars: readonly AvatarSession[];
  events: readonly RoomEvent[];
}

const EVENTS_KEPT = 50;
const EMPTY: RoomView = { room: null, people: [], avatars: [], events: [] };

export function isOver(session: Pick<AvatarSession, "state">): boolean {
  return session.state === "ended" || session.state === "failed";
}

/** The avatar that matters: the one at work, else the one that failed last. */
export function currentAvatar(avatars: readonly AvatarSession[]): AvatarSession | null {
  const newest = [...avatars].sort((a, b) => b.created_at.localeCompare(a.created_at));
  return newest.find((one) => !isOver(one)) ?? newest.find((one) => one.state === "failed") ?? null;
}

export class RoomBoard {
  private view: RoomView = EMPTY;
  private listeners = new Set<() => void>();

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** The same object until something changes. */
  snapshot = (): RoomView => this.view;

  receive(message: RoomMessage): void {
    const { view } = this;
    switch (message.type) {
      case "snapshot":
        return this.set({
          room: message.room,
          people: message.participants,
          avatars: message.avatars.reduce(withAvatar, view.avatars.filter((one) => message.avatars.some((told) => told.id === one.id))),
        });
      case "room":
        return this.putRoom({ ...message.changes });
      case "participant":
        return this.set({ people: withPerson(view.people, message.participant) });
      case "participant_gone":
        return this.set({ people: view.people.filter((one) => one.identity !== message.identity) });
      case "avatar":
        return this.putAvatar(message.avatar);
      case "event":
        return this.set({ events: [...view.events, message.event].slice(-EVENTS_KEPT) });
    }
  }

  putRoom(changes: Partial<Room>): void {
    const { room } = this.view;
    if (!room || (changes.revision ?? room.revision) < room.revision) return;
    this.set({ room: { ...room, ...changes } });
  }

  putAvatar(told: AvatarSession): void {
    this.set({ avatars: withAvatar(this.view.avatars, told) });
  }

  private set(changes: Partial<RoomView>): void {
    this.view = { ...this.view, ...changes };
    for (const listener of this.listeners) listener();
  }
}

/** Ended ones go, failed ones stay to be read until another comes. */
function withAvatar(avatars: readonly AvatarSession[], told: AvatarSession): readonly AvatarSession[] {
  const known = avatars.find((one) => one.id === told.id);
  if (known && told.revision < known.revision) return avatars;
  const others = avatars.filter((one) => one.id !== told.id && (isOver(told) || one.state !== "failed"));
  return told.state === "ended" ? others : [...others, told];
}

function withPerson(people: readonly Person[], told: Person): readonly Person[] {
  const index = people.findIndex((one) => one.identity === told.identity);
  return index < 0 ? [...people, told] : people.with(index, { ...told, is_me: told.is_me || Boolean(people[index]?.is_me) });
}
