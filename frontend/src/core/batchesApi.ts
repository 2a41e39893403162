/** What the batches' screens ask of the server. */

import type { components } from "../api/schema";
import type { LipsyncRequest, Page } from "../api/types";
import type { ApiClient, UploadOptions } from "./api";

type Schemas = components["schemas"];

export type BatchOutline = Schemas["BatchOut"];
export type Batch = Schemas["BatchWhole"];
export type BatchItem = Schemas["BatchItemOut"];
export type Summary = Schemas["SummaryOut"];
export type BatchRow = LipsyncRequest & { name: string };

export class BatchesApi {
  constructor(private readonly api: ApiClient) {}

  list = (cursor?: string): Promise<Page<BatchOutline>> =>
    this.api.request("GET", cursor ? `/batches?cursor=${encodeURIComponent(cursor)}` : "/batches");
  one = (id: string): Promise<Batch> => this.api.request("GET", at(id));
  create = (name: string, rows: BatchRow[]): Promise<Batch> => this.api.request("POST", "/batches", { name, rows });
  cancel = (id: string): Promise<Batch> => this.api.request("POST", `${at(id)}/cancel`);

  createOfZip = (file: Blob, fileName: string, name: string, options: UploadOptions): Promise<Batch> => {
    const form = new FormData();
    form.append("file", file, fileName);
    form.append("name", name);
    return this.api.upload("/batches/zip", form, options);
  };
}

function at(id: string): string {
  return `/batches/${encodeURIComponent(id)}`;
}
