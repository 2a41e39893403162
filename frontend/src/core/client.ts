import { ApiClient } from "./api";
import { BatchesApi } from "./batchesApi";
import { DubsApi } from "./dubsApi";
import { RoomsApi } from "./roomsApi";
import { WebhooksApi } from "./webhooksApi";

/** The page's one client: it holds the page's CSRF token. */
export const api = new ApiClient();
export const roomsApi = new RoomsApi(api);
export const webhooksApi = new WebhooksApi(api);
export const batchesApi = new BatchesApi(api);
export const dubsApi = new DubsApi(api);
