import react from "@vitejs/plugin-react";
import type { ProxyOptions } from "vite";
import { defineConfig } from "vitest/config";

import { mockBackend } from "./mock/plugin";

const backend = process.env["AVSITE_BACKEND"] ?? "http://127.0.0.1:8000";

const PROXY: Record<string, ProxyOptions> = {
  "/api": { target: backend },
  "/admin": { target: backend },
  "/static": { target: backend },
  "/ws": { target: backend, ws: true },
};

export default defineConfig(({ command }) => ({
  // Django serves the built files under /static/; the dev server owns its whole host.
  base: command === "build" ? "/static/" : "/",
  plugins: [react(), ...(process.env["AVSITE_MOCK"] ? [mockBackend()] : [])],
  server: {
    proxy: process.env["AVSITE_MOCK"] ? {} : PROXY,
  },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
}));
