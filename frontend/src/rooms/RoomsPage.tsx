import { type FormEvent, useState } from "react";
import { Link, useNavigate } from "react-router";

import type { Room } from "../api/rooms";
import { roomsApi } from "../core/client";
import { messageOf } from "../core/errors";
import { ago, plural } from "../core/format";
import { useTitle } from "../shell/title";
import { Button, ButtonLink } from "../ui/Button";
import { useConfirm } from "../ui/Dialog";
import field from "../ui/Field.module.css";
import { Icon } from "../ui/Icon";
import { useLoad } from "../ui/load";
import { Notice } from "../ui/Notice";
import { useToast } from "../ui/Toasts";
import { AvatarPicture } from "./AvatarPicker";
import styles from "./RoomsPage.module.css";
import { RoomsNotice } from "./RoomsNotice";

function CreateRoom({ onCreated }: { onCreated: (room: Room) => void }) {
  const avatars = useLoad(roomsApi.avatars, "avatars");
  const [name, setName] = useState("");
  const [picked, setPicked] = useState<string | null | undefined>(undefined);
  const [waiting, setWaiting] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const avatar = picked === undefined ? (avatars.data?.default ?? null) : picked;
  const create = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      // Whoever types faster than the list loads gets the usual avatar all the same.
      const who = picked === undefined ? (avatar ?? (await roomsApi.avatars()).default) : picked;
      onCreated(await roomsApi.createRoom({ name: name.trim(), waiting_room: waiting, ...(who ? { avatar: who } : {}) }));
    } catch (error) {
      setProblem(messageOf(error));
      setBusy(false);
    }
  };
  return (
    <form className={styles.create} onSubmit={(event) => void create(event)}>
      <h2>New room</h2>
      <div className={field.field}>
        <label htmlFor="room-name">Name</label>
        <input id="room-name" value={name} required maxLength={80} placeholder="Monday stand-up" onChange={(event) => setName(event.target.value)} />
      </div>
      <fieldset className={styles.avatars}>
        <legend>Who talks in it</legend>
        <ul>
          <li>
            <label className={styles.avatar} title="Nobody yet">
              <input type="radio" name="avatar" checked={avatar === null} onChange={() => setPicked(null)} />
              <span className={styles.nobody}><Icon name="x" size={22} /></span>
              <span className="visually-hidden">No avatar yet</span>
            </label>
          </li>
          {(avatars.data?.items ?? []).map((one) => (
            <li key={one.id}>
              <label className={styles.avatar} title={one.name}>
                <input type="radio" name="avatar" checked={avatar === one.id} onChange={() => setPicked(one.id)} />
                <AvatarPicture avatar={one} />
                <span className="visually-hidden">{one.name}</span>
              </label>
            </li>
          ))}
        </ul>
      </fieldset>
      {(problem ?? avatars.error) && <Notice tone="bad">{problem ?? avatars.error}</Notice>}
      <div className={styles.createFoot}>
        <label className={styles.waiting}>
          <input type="checkbox" checked={waiting} onChange={(event) => setWaiting(event.target.checked)} />
          I let each person in
        </label>
        <Button kind="primary" size="l" type="submit" disabled={busy}>
          Open the room
        </Button>
      </div>
    </form>
  );
}

function status(room: Room): string {
  if (room.state === "closed") return `Closed ${room.closed_at ? ago(room.closed_at) : ""}`;
  const here = room.people ? `${plural(room.people, "person", "people")} in it` : "Nobody in it";
  return room.waiting ? `${here}, ${room.waiting} waiting` : here;
}

export default function RoomsPage() {
  useTitle("Rooms");
  const page = useLoad(roomsApi.rooms, "rooms");
  const navigate = useNavigate();
  const say = useToast();
  const ask = useConfirm();
  const [more, setMore] = useState(false);
  const rooms = page.data?.items;

  const close = async (room: Room) => {
    const sure = await ask({ title: `Close “${room.name}”?`, body: "Everyone in it leaves the call, and nobody can join it again.", confirm: "Close room" });
    if (!sure) return;
    try {
      await roomsApi.closeRoom(room.slug);
      page.setData((old) => ({ ...old, items: old.items.map((one) => (one.slug === room.slug ? { ...one, state: "closed", people: 0 } : one)) }));
      say("Room closed.");
    } catch (error) {
      say(messageOf(error), "bad");
    }
  };
  const loadMore = async (cursor: string) => {
    setMore(true);
    try {
      const next = await roomsApi.rooms(cursor);
      page.setData((old) => ({ ...next, items: [...old.items, ...next.items] }));
    } catch (error) {
      say(messageOf(error), "bad");
    }
    setMore(false);
  };

  return (
    <>
      <header className={styles.opening}>
        <h1>Talk face to face with an avatar</h1>
        <p>Open a room, send the link, and it joins the call: it says what you type, in a voice and a face you choose.</p>
      </header>
      <RoomsNotice />
      <div className={styles.columns}>
        <CreateRoom onCreated={(room) => void navigate(`/rooms/${room.slug}`)} />
        <section className={styles.listBox} aria-labelledby="rooms-title">
          <h2 id="rooms-title">Your rooms</h2>
          {page.error && <Notice tone="bad" action={<Button size="s" onClick={page.reload}>Try again</Button>}>{page.error}</Notice>}
          {rooms?.length === 0 && (
            <div className={styles.none}>
              <Icon name="door" size={44} />
              <p>No rooms yet. The ones you open, and those you are invited to, stand here.</p>
            </div>
          )}
          <ul className={styles.list} aria-label="Rooms" aria-busy={!page.data && !page.error}>
            {rooms?.map((room) => (
              <li key={room.slug} data-state={room.state}>
                <Link to={`/rooms/${room.slug}`} className={styles.link} aria-disabled={room.state === "closed"}>
                  <span className={styles.door} data-live={room.people > 0}>
                    <Icon name={room.locked ? "lock" : "door"} size={22} />
                  </span>
                  <span className={styles.words}>
                    <span className={styles.name}>{room.name}</span>
                    <span className={styles.meta}>{[status(room), room.role === "host" ? "" : `you are a ${room.role}`, ago(room.created_at)].filter(Boolean).join(" · ")}</span>
                  </span>
                </Link>
                {room.has_transcript && (
                  <ButtonLink to={`/rooms/${room.slug}/transcript`} kind="ghost" size="s" icon="text" iconOnly title="What was said">
                    {`What was said in ${room.name}`}
                  </ButtonLink>
                )}
                {room.state === "open" && (
                  <>
                    {room.is_owner && (
                      <Button kind="ghost" size="s" icon="x" iconOnly onClick={() => void close(room)}>
                        {`Close ${room.name}`}
                      </Button>
                    )}
                    <ButtonLink to={`/rooms/${room.slug}`} size="s" aria-label={`Join ${room.name}`}>
                      Join
                    </ButtonLink>
                  </>
                )}
              </li>
            ))}
          </ul>
          {page.data?.next_cursor && (
            <Button disabled={more} onClick={() => void loadMore(page.data?.next_cursor ?? "")}>
              Show more
            </Button>
          )}
        </section>
      </div>
      <p className={styles.foot}>
        Trouble with picture or sound? <Link to="/doctor">Check this browser and the server</Link>
      </p>
    </>
  );
}
