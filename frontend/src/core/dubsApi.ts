/** What the dubs' screens ask of the server. */

import type { components } from "../api/schema";
import type { Page } from "../api/types";
import type { ApiClient } from "./api";

type Schemas = components["schemas"];

export type Dub = Schemas["DubOut"];
export type DubWhole = Schemas["DubWhole"];
export type DubStage = Schemas["StageOut"];
export type DubSentence = Schemas["SentenceOut"];
export type DubRequest = Schemas["DubIn"];
export type DubOptions = Schemas["DubOptions"];
export type SentenceEdit = Schemas["SentenceIn"];
export type Dubbing = Schemas["DubbingOut"];

/** The server fills in what is left out. */
type Some<T> = { [name in keyof T]?: T[name] };

export class DubsApi {
  constructor(private readonly api: ApiClient) {}

  languages = (): Promise<Dubbing> => this.api.request("GET", "/dubs/languages");
  list = (cursor?: string): Promise<Page<Dub>> =>
    this.api.request("GET", cursor ? `/dubs?cursor=${encodeURIComponent(cursor)}` : "/dubs");
  one = (id: string): Promise<DubWhole> => this.api.request("GET", at(id));
  create = (wish: Some<DubRequest>): Promise<DubWhole> => this.api.request("POST", "/dubs", wish);
  change = (id: string, wish: Some<DubOptions>): Promise<DubWhole> => this.api.request("PATCH", at(id), wish);
  edit = (id: string, items: SentenceEdit[]): Promise<DubWhole> => this.api.request("PUT", `${at(id)}/sentences`, { items });
  run = (id: string): Promise<DubWhole> => this.api.request("POST", `${at(id)}/run`, {});
  pause = (id: string): Promise<DubWhole> => this.api.request("POST", `${at(id)}/pause`, {});
  remove = (id: string): Promise<void> => this.api.request("DELETE", at(id));

  /** The stage's file; its hash makes the address change with what is in it. */
  fileUrl = (id: string, name: string, hash = ""): string => `/api/v1${at(id)}/files/${encodeURIComponent(name)}${hash && `?v=${hash}`}`;
}

function at(id: string): string {
  return `/dubs/${encodeURIComponent(id)}`;
}
