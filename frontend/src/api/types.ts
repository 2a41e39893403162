/** Short names for the shapes in schema.d.ts, which is generated from the server's own description. */

import type { components } from "./schema";

type Schemas = components["schemas"];

export type Asset = Schemas["AssetOut"];
export type AssetKind = Asset["kind"];
export type MediaInfo = Schemas["MediaInfoOut"];
export type FaceMark = Schemas["FaceOutlineOut"];

export type Job = Schemas["JobOut"];
export type JobState = Job["state"];
export type Attempt = Schemas["AttemptOut"];
export type RenderOptions = Schemas["OptionsIn"];
export type SyncMode = RenderOptions["sync_mode"];
export type Expression = RenderOptions["expression"];
export type Background = RenderOptions["background"];
export type Face = Schemas["SeenFaceOut"];
export type Faces = Schemas["SeenFacesOut"];
export type SegmentRequest = Schemas["SegmentIn"];
export type LipsyncRequest = Schemas["JobIn"];
export type Estimate = Schemas["EstimateOut"];
export type Candidate = Schemas["CandidateOut"];
export type Quality = Schemas["QualityOut"];
export type Costs = Schemas["CostsOut"];
export type CostLine = Schemas["CostLine"];
export type LogLine = Schemas["LogOut"];
export type Mouth = Schemas["MouthOut"];
export type MouthPhone = Mouth["phones"][number];
export type SharedVideo = Schemas["SharedOut"];

export type Voice = Schemas["VoiceOut"];
export type Engine = Schemas["EngineOut"];
export type Look = Schemas["LookOut"];

export type Session = Schemas["SessionOut"];
export type Limits = Schemas["LimitsOut"];
export type Me = Schemas["MeOut"];
export type ApiKey = Schemas["KeyOut"];
export type NewApiKey = Schemas["NewKeyOut"];

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}
