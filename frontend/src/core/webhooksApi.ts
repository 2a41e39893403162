/** What the account's screens ask of webhooks. */

import type { components } from "../api/schema";
import type { Page } from "../api/types";
import type { ApiClient } from "./api";

type Schemas = components["schemas"];

export type Webhook = Schemas["WebhookOut"];
export type NewWebhook = Schemas["NewWebhookOut"];
export type WebhookIn = Schemas["WebhookIn"];
export type EventType = WebhookIn["events"][number];
export type WebhookEvent = Schemas["WebhookEventOut"];
export type Delivery = Schemas["DeliveryOut"];

export class WebhooksApi {
  constructor(private readonly api: ApiClient) {}

  list = (): Promise<{ items: Webhook[]; events: WebhookEvent[] }> => this.api.request("GET", "/webhooks");
  one = (id: string): Promise<Webhook> => this.api.request("GET", at(id));
  create = (wish: WebhookIn): Promise<NewWebhook> => this.api.request("POST", "/webhooks", wish);
  change = (id: string, changes: Schemas["WebhookChanges"]): Promise<Webhook> => this.api.request("PATCH", at(id), changes);
  remove = (id: string): Promise<void> => this.api.request("DELETE", at(id));
  rollSecret = (id: string): Promise<Schemas["SecretOut"]> => this.api.request("POST", at(id, "secret"));
  test = (id: string): Promise<Delivery> => this.api.request("POST", at(id, "test"));
  deliveries = (id: string, cursor?: string): Promise<Page<Delivery>> =>
    this.api.request("GET", at(id, cursor ? `deliveries?cursor=${encodeURIComponent(cursor)}` : "deliveries"));
  replay = (id: string, delivery: string): Promise<Delivery> =>
    this.api.request("POST", at(id, `deliveries/${encodeURIComponent(delivery)}/replay`));
}

function at(id: string, rest?: string): string {
  const root = `/webhooks/${encodeURIComponent(id)}`;
  return rest ? `${root}/${rest}` : root;
}
