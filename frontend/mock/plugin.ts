import type { Plugin } from "vite";

import { answer } from "./backend";

/** Serves a made-up backend from the dev server (AVSITE_MOCK=1), to work on screens alone. Never built in. */
export function mockBackend(): Plugin {
  return {
    name: "avsite-mock-backend",
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        if (request.url?.startsWith("/api/v1/")) answer(request, response);
        else next();
      });
    },
  };
}
