import { describe, expect, it, vi } from "vitest";

import { ApiClient } from "./api";
import { ApiError, errorFrom, isAbort, messageOf } from "./errors";

function client(status: number, body: unknown) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const fetchImpl = vi.fn<(url: string, init: RequestInit) => Promise<Response>>(() =>
    Promise.resolve(new Response(status === 204 ? null : text, { status })),
  );
  return { api: new ApiClient(fetchImpl as unknown as typeof fetch), fetchImpl };
}

describe("ApiClient", () => {
  it("throws what the server said, with the field at fault", async () => {
    const { api } = client(422, { error: { code: "invalid", message: "That voice does not exist.", param: "voice" }, request_id: "r1" });
    const error = await api.jobs().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code: "invalid", message: "That voice does not exist.", param: "voice", status: 422, requestId: "r1" });
  });

  it("says so when somebody is no longer signed in", async () => {
    const { api } = client(401, { error: { code: "unauthenticated", message: "Sign in." } });
    api.onUnauthenticated = vi.fn();
    await expect(api.me()).rejects.toMatchObject({ status: 401 });
    expect(api.onUnauthenticated).toHaveBeenCalledTimes(1);
  });

  it("turns a lost connection into a sentence, but an abort stays an abort", async () => {
    const lost = new ApiClient(() => Promise.reject(new TypeError("Failed to fetch")));
    await expect(lost.voices()).rejects.toMatchObject({ code: "offline", status: 0 });
    const aborted = new ApiClient(() => Promise.reject(new DOMException("", "AbortError")));
    expect(isAbort(await aborted.voices().catch((thrown: unknown) => thrown))).toBe(true);
  });

  it("sends the session's token with what changes something, and a key against doubling", async () => {
    const { api, fetchImpl } = client(200, { csrf_token: "t0ken", id: "j" });
    await api.session();
    await api.createJob({ face: "house:mira", text: "Hi", engine: "auto", voice_rate: 1 }, "once");
    const [url, init] = fetchImpl.mock.calls[1] ?? [];
    expect(url).toBe("/api/v1/lipsyncs");
    expect(init?.headers).toMatchObject({ "X-CSRFToken": "t0ken", "Idempotency-Key": "once" });
  });

  it("takes the new token when another tab signed in, and tries once more", async () => {
    let token = "old";
    const seen: (string | undefined)[] = [];
    const api = new ApiClient((_url, init) => {
      if (init?.method === "GET") return Promise.resolve(new Response(JSON.stringify({ csrf_token: token })));
      const sent = (init?.headers as Record<string, string>)["X-CSRFToken"];
      seen.push(sent);
      return Promise.resolve(new Response("{}", { status: sent === "new" ? 200 : 403 }));
    });
    await api.session();
    token = "new";
    await api.cancelJob("a");
    expect(seen).toEqual(["old", "new"]);
    token = "other";
    await api.session();
    await expect(api.cancelJob("a")).rejects.toMatchObject({ status: 403 });
    expect(seen).toEqual(["old", "new", "other"]);
  });

  it("leaves out of an address what was not asked", async () => {
    const { api, fetchImpl } = client(200, { items: [], next_cursor: null });
    await api.jobs("done", undefined, 20);
    expect(fetchImpl.mock.calls[0]?.[0]).toBe("/api/v1/lipsyncs?state=done&limit=20");
  });

  it("takes an answer without a body", async () => {
    await expect(client(204, "").api.deleteJob("a")).resolves.toBeUndefined();
  });
});

describe("errors", () => {
  it("speak even when a proxy answers with a page", () => {
    expect(errorFrom(413, "<html>too large</html>").message).toBe("That file is too large for this server.");
    expect(errorFrom(502, "<html>").message).toContain("502");
  });

  it("always give a sentence", () => {
    expect(messageOf(new Error("Bad."))).toBe("Bad.");
    expect(messageOf(undefined)).toMatch(/\.$/);
  });
});
