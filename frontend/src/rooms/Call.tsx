import { RoomAudioRenderer, RoomContext, useAudioPlayback, useChat, useLocalParticipant } from "@livekit/components-react";
import { type LocalAudioTrack, type Room as Connection, RemoteParticipant, Track } from "livekit-client";
import { useCallback, useEffect, useRef, useState } from "react";

import type { AvatarSession, Seat } from "../api/rooms";
import { currentAvatar, type RoomView } from "../core/roomBoard";
import type { Layout } from "../core/tiles";
import { Button } from "../ui/Button";
import { AvatarPanel } from "./AvatarPanel";
import styles from "./Call.module.css";
import { CallHeader } from "./CallHeader";
import { Captions } from "./Captions";
import { useSpoken } from "./captions";
import { ChatPanel } from "./ChatPanel";
import { ControlBar, type PanelName } from "./ControlBar";
import { PeoplePanel } from "./PeoplePanel";
import { Stage } from "./Stage";
import { TranscriptPanel } from "./TranscriptPanel";
import { useConnection } from "./useConnection";

interface CallProps {
  connection: Connection;
  seat: Seat;
  view: RoomView;
  away: boolean;
  onLeave: () => void;
}

const DESK = "(min-width: 1100px)";

/** One voice is heard once: whoever lends it to the avatar is heard through the avatar, and not by themselves. */
function useLentVoice(connection: Connection, session: AvatarSession | null): void {
  const lender = session?.state === "live" ? session.listen_to : null;
  const avatar = session?.identity;
  const mine = lender !== null && lender === connection.localParticipant.identity;
  useEffect(() => {
    if (!lender) return;
    const apply = () => {
      for (const one of connection.remoteParticipants.values()) {
        one.setVolume(one.identity === lender || (mine && one.identity === avatar) ? 0 : 1, Track.Source.Microphone);
      }
    };
    apply();
    connection.on("trackSubscribed", apply);
    return () => {
      connection.off("trackSubscribed", apply);
      for (const one of connection.remoteParticipants.values()) one.setVolume(1, Track.Source.Microphone);
    };
  }, [connection, lender, avatar, mine]);
}

function StartSound({ connection }: { connection: Connection }) {
  const { canPlayAudio, startAudio } = useAudioPlayback(connection);
  if (canPlayAudio) return null;
  return (
    <div className={styles.sound}>
      <Button kind="primary" icon="volume" onClick={() => void startAudio()}>
        Turn the sound on
      </Button>
    </div>
  );
}

export function Call(props: CallProps) {
  return (
    <RoomContext.Provider value={props.connection}>
      <Inside {...props} />
    </RoomContext.Provider>
  );
}

function Inside({ connection, seat, view, away, onLeave }: CallProps) {
  const room = view.room;
  const me = view.people.find((one) => one.is_me);
  const isHost = (me?.role ?? seat.role) === "host";
  const session = currentAvatar(view.avatars);
  const [layout, setLayout] = useState<Layout>("focus");
  const [pinned, setPinned] = useState<string | null>(null);
  const [captions, setCaptions] = useState(true);
  const [panel, setPanel] = useState<PanelName | null>(() => (isHost && matchMedia(DESK).matches ? "avatar" : null));
  const { chatMessages, send } = useChat();
  const { board, spoken } = useSpoken(connection);
  const { localParticipant, microphoneTrack } = useLocalParticipant({ room: connection });
  const { sources, canChat } = useConnection(localParticipant, seat);
  const [read, setRead] = useState(0);
  const call = useRef<HTMLDivElement>(null);
  useLentVoice(connection, session);

  const people = view.people;
  const nameOf = useCallback(
    (identity: string) => {
      if (identity === connection.localParticipant.identity) return connection.localParticipant.name || "You";
      return connection.remoteParticipants.get(identity)?.name || people.find((one) => one.identity === identity)?.name || "Someone";
    },
    [connection, people],
  );
  // What was being said ends with an interruption, even when its stream does not say so.
  const interrupted = session?.utterance?.state === "interrupted" ? session.identity : null;
  useEffect(() => {
    if (interrupted) board.silence(interrupted);
  }, [interrupted, board]);
  // Pinning is asked for with the large picture in mind.
  const pin = (id: string | null) => {
    setPinned(id);
    if (id) setLayout("focus");
  };
  if (panel === "chat" && read !== chatMessages.length) setRead(chatMessages.length);
  const unread = panel === "chat" ? 0 : chatMessages.length - read;
  const avatarHere = [...connection.remoteParticipants.values()].find((one) => one instanceof RemoteParticipant && one.identity === session?.identity);

  return (
    <div ref={call} className={styles.call} data-call="">
      <CallHeader name={room?.name ?? ""} locked={room?.locked ?? false} people={people.filter((one) => one.state === "present").length} layout={layout} onLayout={setLayout} whole={call} sources={sources} away={away}
        captioned={room?.captions.state === "on"} transcript={panel === "transcript"} onTranscript={() => setPanel(panel === "transcript" ? null : "transcript")}
      />
      <main className={styles.body} id="main">
        <div className={styles.stage}>
          <Stage layout={layout} pinned={pinned} onPin={pin} sessions={view.avatars} />
          {captions && <Captions spoken={spoken} nameOf={nameOf} />}
          <StartSound connection={connection} />
        </div>
        {panel === "avatar" && isHost && room && (
          <AvatarPanel slug={room.slug} session={session} people={people} ownAudio={microphoneTrack?.track as LocalAudioTrack | undefined} onClose={() => setPanel(null)} />
        )}
        {panel === "chat" && (
          <ChatPanel messages={chatMessages} spoken={spoken} nameOf={nameOf} avatarName={avatarHere?.name ?? null} canChat={canChat} onSend={send} onClose={() => setPanel(null)} />
        )}
        {panel === "transcript" && room && <TranscriptPanel room={room} spoken={spoken} isHost={isHost} nameOf={nameOf} onClose={() => setPanel(null)} />}
        {panel === "people" && room && <PeoplePanel room={room} people={people} isHost={isHost} onClose={() => setPanel(null)} />}
      </main>
      <footer className={styles.foot}>
        <ControlBar
          sources={sources} isHost={isHost} captions={captions} onCaptions={setCaptions} panel={panel} onPanel={setPanel}
          unread={unread} waiting={isHost ? people.filter((one) => one.state === "waiting").length : 0} onLeave={onLeave}
        />
      </footer>
      <RoomAudioRenderer room={connection} />
    </div>
  );
}
