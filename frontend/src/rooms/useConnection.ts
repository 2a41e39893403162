import { ConnectionState, type LocalParticipant, ParticipantEvent, Room, RoomEvent, VideoPresets } from "livekit-client";
import { useEffect, useState } from "react";

import type { Seat } from "../api/rooms";
import type { Choices } from "./media";

interface Handlers {
  onConnected: () => void;
  onDisconnected: (reason: number | undefined) => void;
  onDeviceProblem: (use: "microphone" | "camera", error: unknown) => void;
}

function makeRoom(choices: Choices): Room {
  return new Room({
    adaptiveStream: true,
    dynacast: true,
    videoCaptureDefaults: { resolution: VideoPresets.h720.resolution, ...(choices.cameraId ? { deviceId: choices.cameraId } : {}) },
    audioCaptureDefaults: { echoCancellation: true, noiseSuppression: true, ...(choices.microphoneId ? { deviceId: choices.microphoneId } : {}) },
    ...(choices.speakerId ? { audioOutput: { deviceId: choices.speakerId } } : {}),
  });
}

export interface Connected {
  connection: Room | null;
  /** Interrupted and trying by itself to get back. */
  away: boolean;
}

/** One connection to the call: made for a seat, ended with it. */
export function useCall(seat: Seat, choices: Choices, { onConnected, onDisconnected, onDeviceProblem }: Handlers): Connected {
  const [state, setState] = useState<Connected>({ connection: null, away: false });
  useEffect(() => {
    if (!seat.url || !seat.token) return;
    let gone = false;
    const room = makeRoom(choices);
    const enable = async () => {
      const me = room.localParticipant;
      const tries = [
        ["microphone", choices.microphone, () => me.setMicrophoneEnabled(true)],
        ["camera", choices.camera, () => me.setCameraEnabled(true)],
      ] as const;
      await Promise.all(
        tries.map(async ([use, wanted, work]) => {
          if (!wanted || !seat.sources.includes(use)) return;
          try {
            await work();
          } catch (error) {
            if (!gone) onDeviceProblem(use, error);
          }
        }),
      );
    };
    room.on(RoomEvent.ConnectionStateChanged, (to) => {
      if (!gone) setState((old) => ({ ...old, away: to === ConnectionState.Reconnecting || to === ConnectionState.SignalReconnecting }));
    });
    room.on(RoomEvent.Disconnected, (reason) => {
      if (!gone) onDisconnected(reason);
    });
    room.connect(seat.url, seat.token).then(
      () => {
        if (gone) return;
        setState({ connection: room, away: false });
        onConnected();
        void enable();
      },
      () => {
        if (!gone) onDisconnected(undefined);
      },
    );
    return () => {
      gone = true;
      setState({ connection: null, away: false });
      void room.disconnect();
    };
    // A seat is one connection; choices and handlers are those of its beginning.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [seat]);
  return state;
}

const SOURCES: Record<string, number> = { camera: 1, microphone: 2, screen_share: 3, screen_share_audio: 4 };

/** What one may send now: a host can change it in the middle of a call. */
export function useConnection(me: LocalParticipant, seat: Seat): { sources: readonly string[]; canChat: boolean } {
  const [permissions, setPermissions] = useState(me.permissions);
  useEffect(() => {
    const changed = () => setPermissions(me.permissions);
    me.on(ParticipantEvent.ParticipantPermissionsChanged, changed);
    return () => {
      me.off(ParticipantEvent.ParticipantPermissionsChanged, changed);
    };
  }, [me]);
  if (!permissions) return { sources: seat.sources, canChat: seat.can_chat };
  const allowed = permissions.canPublishSources;
  const sources = Object.keys(SOURCES).filter((name) => permissions.canPublish && (!allowed.length || allowed.includes(SOURCES[name] as number)));
  return { sources, canChat: permissions.canPublishData };
}
