import { useCallback, useEffect, useMemo, useReducer, useRef, useState, useSyncExternalStore } from "react";
import { Navigate, useLocation, useNavigate, useParams, useSearchParams } from "react-router";

import type { InviteInfo, Person, Room } from "../api/rooms";
import { roomsApi } from "../core/client";
import { deviceProblem } from "../core/devices";
import { ApiError, messageOf } from "../core/errors";
import { plural } from "../core/format";
import { RoomBoard, type RoomMessage, type RoomView } from "../core/roomBoard";
import { LiveSocket, socketUrl } from "../core/socket";
import { nextVisit, type Visit, type VisitEvent } from "../core/visit";
import { useSession } from "../shell/session";
import { useTitle } from "../shell/title";
import { useToast } from "../ui/Toasts";
import { Call } from "./Call";
import { Door } from "./Door";
import { type Choices, rememberedChoices } from "./media";
import { Between } from "./Between";
import { useCall } from "./useConnection";

const SEAT = (slug: string) => `avsite-seat-${slug}`;

interface Found {
  name: string;
  line: string;
  closed: boolean;
  role: Room["role"];
}

function foundInvite(invite: InviteInfo): Found {
  const by = invite.host_name ? `${invite.host_name} invites you.` : "You are invited.";
  return { name: invite.name, line: invite.waiting_room ? `${by} A host will let you in.` : by, closed: invite.state === "closed", role: invite.role };
}

function foundRoom(room: Room): Found {
  const line = room.people ? `${plural(room.people, "person", "people")} in the room.` : "Nobody is here yet.";
  return { name: room.name, line, closed: room.state === "closed", role: room.role };
}

/** The room behind this address, for whoever may know of it. */
function useFound(slug: string, invite: string): { found: Found | null; error: ApiError | null } {
  const [state, setState] = useState<{ found: Found | null; error: ApiError | null }>({ found: null, error: null });
  useEffect(() => {
    let current = true;
    const ask = invite ? roomsApi.invited(invite).then(foundInvite) : roomsApi.room(slug).then(foundRoom);
    ask.then(
      (found) => current && setState({ found, error: null }),
      (error: unknown) => current && setState({ found: null, error: error instanceof ApiError ? error : new ApiError("", messageOf(error), 0) }),
    );
    return () => {
      current = false;
    };
  }, [slug, invite]);
  return state;
}

/** Follows the room while one waits for it or is in it. */
function useRoom(slug: string, on: boolean, onMe: (me: Person) => void, onClosed: () => void): RoomView {
  const board = useMemo(() => new RoomBoard(), []);
  const tell = useRef({ onMe, onClosed });
  useEffect(() => {
    tell.current = { onMe, onClosed };
  }, [onMe, onClosed]);
  useEffect(() => {
    if (!on) return;
    const query = roomsApi.seat ? `?seat=${encodeURIComponent(roomsApi.seat)}` : "";
    const socket = new LiveSocket(socketUrl(`/ws/rooms/${encodeURIComponent(slug)}/${query}`), {
      onMessage: (raw) => {
        const message = raw as RoomMessage;
        board.receive(message);
        if (message.type === "participant" && message.participant.is_me) tell.current.onMe(message.participant);
        if (message.type === "snapshot") {
          const me = message.participants.find((one) => one.is_me);
          if (me) tell.current.onMe(me);
        }
        if (board.snapshot().room?.state === "closed") tell.current.onClosed();
      },
    });
    return () => socket.close();
  }, [board, slug, on]);
  return useSyncExternalStore(board.subscribe, board.snapshot);
}

export default function RoomPage() {
  const { slug = "" } = useParams();
  return <Visitor key={slug} slug={slug} />;
}

function Visitor({ slug }: { slug: string }) {
  const { session } = useSession();
  const [params] = useSearchParams();
  const { pathname, search } = useLocation();
  const navigate = useNavigate();
  const invite = params.get("invite") ?? "";
  // A seat belongs to someone without an account; it is kept for a reload.
  const [kept] = useState(() => {
    roomsApi.seat = session.signed_in ? "" : (sessionStorage.getItem(SEAT(slug)) ?? "");
    return roomsApi.seat;
  });
  const { found, error } = useFound(slug, invite);
  const [visit, send] = useReducer(nextVisit, { step: "door" } as Visit);
  const [choices, setChoices] = useState<Choices>(rememberedChoices);
  const [name, setName] = useState(session.user?.username ?? "");
  useTitle(found?.name ?? "Room");

  const ask = useCallback(async () => {
    try {
      const seat = await roomsApi.enter(slug, { ...(invite ? { invite } : {}), ...(session.signed_in ? {} : { name }) });
      if (!session.signed_in) {
        roomsApi.seat = seat.seat;
        sessionStorage.setItem(SEAT(slug), seat.seat);
      }
      send({ type: "seated", seat });
    } catch (problem) {
      send({ type: "refused", error: problem instanceof ApiError ? problem : new ApiError("", messageOf(problem), 0) });
    }
  }, [slug, invite, name, session.signed_in]);

  const { step } = visit;
  const waitMs = visit.step === "again" ? visit.waitMs : 0;
  const round = visit.step === "again" ? visit.round : 0;
  useEffect(() => {
    if (step !== "asking" && step !== "again") return;
    const timer = setTimeout(() => void ask(), waitMs);
    return () => clearTimeout(timer);
  }, [step, waitMs, round, ask]);
  // The seat's header is this room's own.
  useEffect(() => () => void (roomsApi.seat = ""), []);

  const onMe = useCallback((me: Person) => {
    if (me.state === "admitted") send({ type: "admitted" });
    if (me.state === "refused" || me.state === "removed") send({ type: "turned-away" });
  }, []);
  const onClosed = useCallback(() => send({ type: "closed" }), []);
  const view = useRoom(slug, step === "waiting" || step === "call" || step === "again", onMe, onClosed);

  if (!session.signed_in && !invite && !kept && step === "door") {
    return <Navigate to={`/signin?next=${encodeURIComponent(pathname + search)}`} replace />;
  }
  if (error && step === "door") {
    return <Between visit={{ step: "over", ending: error.status === 410 ? "closed" : error.status === 404 ? "unknown-room" : "unavailable", message: error.message }} roomName="" onReturn={() => location.reload()} onAway={() => void navigate(session.signed_in ? "/rooms" : "/")} />;
  }
  if (visit.step === "call") {
    return <Calling key={visit.seat.token} visit={visit} view={view} choices={choices} roomName={found?.name ?? ""} send={send} onLeave={() => {
      send({ type: "leave" });
      void roomsApi.leave(slug).catch(() => undefined);
    }} />;
  }
  if ((visit.step === "door" || visit.step === "asking") && found && !found.closed) {
    return (
      <Door
        roomName={found.name}
        line={found.line}
        may={{ microphone: found.role !== "viewer", camera: found.role !== "viewer" }}
        askName={!session.signed_in}
        name={name}
        busy={visit.step === "asking"}
        problem={visit.step === "door" ? visit.problem : undefined}
        onJoin={(typed, chosen) => {
          setName(typed);
          setChoices(chosen);
          send({ type: "ask" });
        }}
      />
    );
  }
  return (
    <Between
      visit={found?.closed ? { step: "over", ending: "closed" } : visit}
      roomName={found?.name ?? ""}
      onReturn={() => send({ type: "return" })}
      onAway={() => {
        if (visit.step === "waiting") void roomsApi.leave(slug).catch(() => undefined);
        void navigate(session.signed_in ? "/rooms" : "/");
      }}
    />
  );
}

interface CallingProps {
  visit: Extract<Visit, { step: "call" }>;
  view: RoomView;
  choices: Choices;
  roomName: string;
  send: (event: VisitEvent) => void;
  onLeave: () => void;
}

function Calling({ visit, view, choices, roomName, send, onLeave }: CallingProps) {
  const say = useToast();
  const { connection, away } = useCall(visit.seat, choices, {
    onConnected: () => send({ type: "connected" }),
    onDisconnected: (reason) => send({ type: "disconnected", reason }),
    onDeviceProblem: (use, error) => say(deviceProblem(use, error), "bad"),
  });
  if (!connection) return <Between visit={{ step: "asking" }} roomName={roomName} onReturn={() => undefined} onAway={onLeave} />;
  return <Call connection={connection} seat={visit.seat} view={view} away={away} onLeave={onLeave} />;
}
