import { useParticipants } from "@livekit/components-react";
import { type Participant, RoomEvent } from "livekit-client";
import { useState } from "react";

import type { MediaSource, Person, Role, Room } from "../api/rooms";
import { isAvatar } from "../core/avatarState";
import { roomsApi } from "../core/client";
import { messageOf } from "../core/errors";
import { plural } from "../core/format";
import { Button } from "../ui/Button";
import { useConfirm } from "../ui/Dialog";
import { Icon, type IconName } from "../ui/Icon";
import { Popover } from "../ui/Popover";
import { useToast } from "../ui/Toasts";
import { InviteBox } from "./InviteBox";
import styles from "./People.module.css";
import { SidePanel } from "./SidePanel";
import { AvatarBadge, Initial } from "./Tile";

const ROLE_WORDS: Record<Role, string> = { host: "Host", speaker: "Speaker", guest: "Guest", viewer: "Viewer" };
const PROMOTIONS: { role: Role; words: string }[] = [
  { role: "host", words: "Make host" },
  { role: "speaker", words: "Make speaker" },
  { role: "guest", words: "Make guest" },
  { role: "viewer", words: "Only watch" },
];
const MUTES: { source: MediaSource; words: string; icon: IconName; on: (one: Participant) => boolean }[] = [
  { source: "microphone", words: "Mute microphone", icon: "micOff", on: (one) => one.isMicrophoneEnabled },
  { source: "camera", words: "Turn camera off", icon: "cameraOff", on: (one) => one.isCameraEnabled },
  { source: "screen_share", words: "Stop their screen", icon: "screen", on: (one) => one.isScreenShareEnabled },
];

const CHANGES = [
  RoomEvent.TrackMuted, RoomEvent.TrackUnmuted, RoomEvent.TrackPublished, RoomEvent.TrackUnpublished,
  RoomEvent.LocalTrackPublished, RoomEvent.LocalTrackUnpublished,
];

/** Runs what a host does to someone and says what went wrong. */
function useHostActions(slug: string) {
  const say = useToast();
  const ask = useConfirm();
  const run = async (work: Promise<unknown>, done?: string) => {
    try {
      await work;
      if (done) say(done);
    } catch (error) {
      say(messageOf(error), "bad");
    }
  };
  return {
    run,
    remove: async (person: Person) => {
      const sure = await ask({ title: `Remove ${person.name}?`, body: "They leave the call at once and cannot come back by the same link.", confirm: "Remove" });
      if (sure) await run(roomsApi.remove(slug, person.identity, true), `${person.name} was removed.`);
    },
    close: async () => {
      const sure = await ask({ title: "Close this room for everyone?", body: "Everyone leaves the call, and nobody can join it again.", confirm: "Close room" });
      if (sure) await run(roomsApi.closeRoom(slug));
    },
  };
}

function PersonMenu({ person, participant, slug, actions }: { person: Person; participant: Participant | undefined; slug: string; actions: ReturnType<typeof useHostActions> }) {
  const item = (words: string, icon: IconName, act: () => void, close: () => void) => (
    <button
      key={words}
      type="button"
      onClick={() => {
        act();
        close();
      }}
    >
      <Icon name={icon} size={18} /> {words}
    </button>
  );
  return (
    <Popover
      label={`What to do with ${person.name}`}
      align="end"
      button={(props) => <Button kind="ghost" size="s" icon="more" iconOnly {...props}>{`What to do with ${person.name}`}</Button>}
    >
      {(close) => (
        <div className={styles.menu}>
          {participant && MUTES.filter((mute) => mute.on(participant)).map((mute) =>
            item(mute.words, mute.icon, () => void actions.run(roomsApi.mute(slug, person.identity, mute.source)), close))}
          {PROMOTIONS.filter(({ role }) => role !== person.role && (role !== "host" || person.has_account)).map(({ role, words }) =>
            item(words, role === "viewer" ? "volume" : "user", () => void actions.run(roomsApi.setRole(slug, person.identity, role), `${person.name}: ${ROLE_WORDS[role].toLowerCase()} now.`), close))}
          {item("Remove from the room", "exit", () => void actions.remove(person), close)}
        </div>
      )}
    </Popover>
  );
}

interface PeoplePanelProps {
  room: Room;
  people: readonly Person[];
  isHost: boolean;
  onClose: () => void;
}

export function PeoplePanel({ room, people, isHost, onClose }: PeoplePanelProps) {
  const participants = useParticipants({ updateOnlyOn: CHANGES });
  const actions = useHostActions(room.slug);
  const waiting = people.filter((one) => one.state === "waiting");
  const present = people.filter((one) => one.state === "present" || participants.some((here) => here.identity === one.identity));
  const avatars = participants.filter(isAvatar);
  const of = (identity: string) => participants.find((one) => one.identity === identity);
  return (
    <SidePanel title="People" onClose={onClose}>
      <div className={styles.scroll}>
        {waiting.length > 0 && (
          <section className={styles.waiting} aria-label="Waiting to be let in">
            <h3>{plural(waiting.length, "person", "people")} waiting</h3>
            <ul>
              {waiting.map((one) => (
                <li key={one.identity}>
                  <Initial name={one.name} size="s" />
                  <span className={styles.name}>{one.name}</span>
                  <Button kind="ghost" size="s" onClick={() => void actions.run(roomsApi.refuse(room.slug, one.identity))} aria-label={`Turn ${one.name} away`}>No</Button>
                  <Button kind="primary" size="s" onClick={() => void actions.run(roomsApi.admit(room.slug, one.identity))} aria-label={`Let ${one.name} in`}>Let in</Button>
                </li>
              ))}
            </ul>
          </section>
        )}
        <ul className={styles.list} aria-label="In the room">
          {present.map((one) => {
            const here = of(one.identity);
            return (
              <li key={one.identity}>
                <Initial name={one.name} size="s" />
                <span className={styles.name}>
                  {one.name}
                  {one.is_me && <span className={styles.you}> (you)</span>}
                  <span className={styles.role}>{ROLE_WORDS[one.role]}</span>
                </span>
                {here && one.role !== "viewer" && (
                  <span className={styles.media} role="img" aria-label={`Microphone ${here.isMicrophoneEnabled ? "on" : "off"}, camera ${here.isCameraEnabled ? "on" : "off"}`}>
                    <Icon name={here.isMicrophoneEnabled ? "mic" : "micOff"} size={17} />
                    <Icon name={here.isCameraEnabled ? "camera" : "cameraOff"} size={17} />
                  </span>
                )}
                {isHost && !one.is_me && <PersonMenu person={one} participant={here} slug={room.slug} actions={actions} />}
              </li>
            );
          })}
          {avatars.map((one) => (
            <li key={one.identity}>
              <Initial name={one.name ?? "A"} size="s" />
              <span className={styles.name}>{one.name || one.identity}</span>
              <AvatarBadge />
            </li>
          ))}
        </ul>
        {isHost && (
          <>
            <InviteBox slug={room.slug} />
            <section className={styles.door} aria-label="The door">
              <h3>The door</h3>
              <Switch on={room.locked} label="Lock the room" words="Nobody new comes in." onChange={(locked) => actions.run(roomsApi.changeRoom(room.slug, { locked }))} />
              <Switch on={room.waiting_room} label="Waiting room" words="You let each person in." onChange={(waiting_room) => actions.run(roomsApi.changeRoom(room.slug, { waiting_room }))} />
              {room.is_owner && (
                <Button kind="danger" icon="door" onClick={() => void actions.close()}>
                  Close room for everyone
                </Button>
              )}
            </section>
          </>
        )}
      </div>
    </SidePanel>
  );
}

/** How long the wish is shown after the server's answer, until the room's socket has told the new state, in ms. */
const ECHO_MS = 1000;

interface SwitchProps {
  on: boolean;
  label: string;
  words?: string;
  disabled?: boolean;
  /** Asks for the other state; until that is so, the switch shows what was asked for. */
  onChange: (on: boolean) => Promise<unknown>;
}

export function Switch({ on, label, words, disabled, onChange }: SwitchProps) {
  const [wanted, setWanted] = useState<boolean | null>(null);
  const ask = (wish: boolean) => {
    setWanted(wish);
    void onChange(wish).finally(() => setTimeout(() => setWanted(null), ECHO_MS));
  };
  return (
    <label className={styles.switch}>
      <span>
        <strong>{label}</strong>
        {words && <span className={styles.hint}>{words}</span>}
      </span>
      <input type="checkbox" role="switch" checked={wanted ?? on} disabled={disabled} onChange={(event) => ask(event.target.checked)} />
    </label>
  );
}
