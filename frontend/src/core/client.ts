import { ApiClient } from "./api";

/** The page's one client: it holds the page's CSRF token. */
export const api = new ApiClient();
