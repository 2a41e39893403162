/** What the screens ask of rooms, avatars and the doctor. */

import type {
  CaptionLine, Avatar, AvatarChanges, AvatarIn, AvatarOrder, AvatarOrderChanges, AvatarSession, Finding, Invite, InviteInfo, InviteRole,
  MediaSource, Person, Role, Room, RoomChanges, RoomEvent, RoomIn, RoomsStatus, SayIn, Seat, Landmarks,
} from "../api/rooms";
import type { Job, Page } from "../api/types";
import type { ApiClient } from "./api";

type List<T> = Promise<{ items: T[] }>;

export class RoomsApi {
  /** Names someone without an account, once a room has let them in. */
  seat = "";

  constructor(private readonly api: ApiClient) {}

  status = (): Promise<RoomsStatus> => this.ask("GET", "/rooms/status");
  doctor = (): Promise<{ items: Finding[]; checked_at: string }> => this.ask("GET", "/doctor");

  /** A way into a room of its own, to see whether calls work from here. */
  probe = (): Promise<{ url: string; token: string }> => this.ask("POST", "/doctor/call");

  // Rooms

  rooms = (cursor?: string): Promise<Page<Room>> =>
    this.ask("GET", cursor ? `/rooms?cursor=${encodeURIComponent(cursor)}` : "/rooms");
  createRoom = (body: Partial<RoomIn>): Promise<Room> => this.ask("POST", "/rooms", body);
  room = (slug: string): Promise<Room> => this.ask("GET", at(slug));
  changeRoom = (slug: string, body: Partial<RoomChanges>): Promise<Room> =>
    this.ask("PATCH", at(slug), body);
  closeRoom = (slug: string): Promise<void> => this.ask("DELETE", at(slug));

  // What was said

  captions = (slug: string, cursor?: string): Promise<Page<CaptionLine>> =>
    this.ask("GET", at(slug, `captions?limit=200${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`));
  transcript = (slug: string, kind: "vtt" | "txt"): Promise<Blob> =>
    this.api.file(at(slug, `captions.${kind}`), this.seatHeader());
  forgetCaptions = (slug: string): Promise<void> => this.ask("DELETE", at(slug, "captions"));

  // Coming and going

  invited = (token: string): Promise<InviteInfo> => this.ask("GET", `/invites/${encodeURIComponent(token)}`);
  enter = (slug: string, body: { invite?: string; name?: string }): Promise<Seat> => this.ask("POST", at(slug, "token"), body);
  leave = (slug: string): Promise<void> => this.ask("POST", at(slug, "leave"));
  invites = (slug: string): List<Invite> => this.ask("GET", at(slug, "invites"));
  invite = (slug: string, role: InviteRole, label = ""): Promise<Invite> =>
    this.ask("POST", at(slug, "invites"), { role, label });
  revokeInvite = (slug: string, id: string): Promise<void> => this.ask("DELETE", at(slug, `invites/${id}`));

  // People

  mute = (slug: string, identity: string, source: MediaSource): Promise<Person> =>
    this.ask("POST", person(slug, identity, "mute"), { source });
  remove = (slug: string, identity: string, ban: boolean): Promise<Person> =>
    this.ask("POST", person(slug, identity, "remove"), { ban });
  setRole = (slug: string, identity: string, role: Role): Promise<Person> =>
    this.ask("POST", person(slug, identity, "role"), { role });
  admit = (slug: string, identity: string): Promise<Person> => this.ask("POST", person(slug, identity, "admit"));
  refuse = (slug: string, identity: string): Promise<Person> => this.ask("POST", person(slug, identity, "refuse"));
  events = (slug: string): Promise<Page<RoomEvent>> => this.ask("GET", at(slug, "events"));

  // The avatar in a room

  bringIn = (slug: string, body: Partial<AvatarOrder>): Promise<AvatarSession> => this.ask("POST", at(slug, "avatars"), body);
  changeAvatar = (slug: string, id: string, body: Partial<AvatarOrderChanges>): Promise<AvatarSession> =>
    this.ask("PATCH", at(slug, `avatars/${id}`), body);
  sendAway = (slug: string, id: string): Promise<void> => this.ask("DELETE", at(slug, `avatars/${id}`));
  say = (slug: string, body: Partial<SayIn>): Promise<{ id: string; avatar: AvatarSession }> => this.ask("POST", at(slug, "say"), body);
  interrupt = (slug: string): Promise<unknown> => this.ask("POST", at(slug, "interrupt"), {});

  // Avatars

  avatars = (): Promise<{ items: Avatar[]; default: string }> => this.ask("GET", "/avatars");
  createAvatar = (body: Partial<AvatarIn>): Promise<Avatar> => this.ask("POST", "/avatars", body);
  editAvatar = (id: string, body: Partial<AvatarChanges>): Promise<Avatar> =>
    this.ask("PATCH", `/avatars/${encodeURIComponent(id)}`, body);
  deleteAvatar = (id: string): Promise<void> => this.ask("DELETE", `/avatars/${encodeURIComponent(id)}`);
  previewAvatar = (id: string, text?: string): Promise<Job> =>
    this.ask("POST", `/avatars/${encodeURIComponent(id)}/preview`, text ? { text } : {});

  landmarks = (asset: string): Promise<Landmarks> => this.ask("GET", `/assets/${asset}/landmarks`);

  private ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    return this.api.request(method, path, body, this.seatHeader());
  }

  private seatHeader(): Record<string, string> {
    return this.seat ? { "X-Room-Seat": this.seat } : {};
  }
}

function at(slug: string, rest = ""): string {
  return `/rooms/${encodeURIComponent(slug)}${rest && `/${rest}`}`;
}

function person(slug: string, identity: string, act: string): string {
  return at(slug, `participants/${encodeURIComponent(identity)}/${act}`);
}
