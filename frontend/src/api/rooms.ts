/** Short names for the shapes of rooms, avatars and the doctor in schema.d.ts. */

import type { components } from "./schema";

type Schemas = components["schemas"];

export type RoomsStatus = Schemas["RoomsStatusOut"];
export type Room = Schemas["RoomOut"];
export type RoomIn = Schemas["RoomIn"];
export type RoomChanges = Schemas["RoomChanges"];
export type Role = Room["role"];
export type Captions = Schemas["CaptionsOut"];
export type CaptionLine = Schemas["CaptionLineOut"];
export type RoomEvent = Schemas["EventOut"];

export type Seat = Schemas["TokenOut"];
export type InviteInfo = Schemas["InvitePreviewOut"];
export type Invite = Schemas["InviteOut"];
export type InviteRole = Schemas["InviteIn"]["role"];
export type Person = Schemas["ParticipantOut"];
export type MediaSource = Schemas["MuteIn"]["source"];

export type Avatar = Schemas["AvatarOut"];
export type AvatarIn = Schemas["AvatarIn"];
export type AvatarChanges = Schemas["AvatarChanges"];
export type AvatarKind = Avatar["kind"];
export type AvatarSession = Schemas["AvatarSessionOut"];
export type AvatarOrder = Schemas["PresentIn"];
export type AvatarOrderChanges = Schemas["PresentChanges"];
export type SayIn = Schemas["SayIn"];

export type Finding = Schemas["FindingOut"];

export interface Landmarks {
  /** Lines to draw through the points: lips, lids, brows, the face's edge. */
  lines: number[][];
  /** 0..1 of the thumbnail. */
  faces: { points: number[][] }[];
}
