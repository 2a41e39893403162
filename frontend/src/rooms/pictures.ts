import { isTrackReference, type TrackReference, useParticipants, useTracks } from "@livekit/components-react";
import { type Participant, RoomEvent, Track } from "livekit-client";
import { useMemo } from "react";

import { isAvatar } from "../core/avatarState";
import type { Picture } from "../core/tiles";

export interface StagePicture extends Picture {
  participant: Participant;
  /** The moving picture; null while there is none. */
  track: TrackReference | null;
}

const CHANGES = [
  RoomEvent.ParticipantAttributesChanged, RoomEvent.ParticipantNameChanged, RoomEvent.ActiveSpeakersChanged,
  RoomEvent.TrackMuted, RoomEvent.TrackUnmuted, RoomEvent.ParticipantPermissionsChanged,
];

function hasPicture(ref: TrackReference | undefined): ref is TrackReference {
  return Boolean(ref && !ref.publication.isMuted && ref.publication.track);
}

/** Everyone in the call and every shared screen. */
export function usePictures(): StagePicture[] {
  const participants = useParticipants({ updateOnlyOn: CHANGES });
  const refs = useTracks([Track.Source.Camera, Track.Source.ScreenShare], { onlySubscribed: false });
  return useMemo(() => {
    const tracks = refs.filter(isTrackReference);
    const of = (participant: Participant, source: Track.Source) =>
      tracks.find((ref) => ref.participant.identity === participant.identity && ref.source === source);
    return participants.flatMap((participant): StagePicture[] => {
      const camera = of(participant, Track.Source.Camera);
      const screen = of(participant, Track.Source.ScreenShare);
      const common = { participant, local: participant.isLocal, heardAt: participant.lastSpokeAt?.getTime() ?? 0 };
      return [
        { ...common, id: participant.identity, kind: isAvatar(participant) ? "avatar" : "person", track: hasPicture(camera) ? camera : null },
        ...(hasPicture(screen) ? [{ ...common, id: `${participant.identity}/screen`, kind: "screen" as const, track: screen }] : []),
      ];
    });
  }, [participants, refs]);
}
