/** A backend in memory: enough to see every screen move. */

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";

import type { Asset, Job, LipsyncRequest } from "../src/api/types";
import { DEFAULT_OPTIONS } from "../src/core/draft";
import { ENGINES, face, LIMITS, lookPicture, LOOKS, mouth, SAMPLE_JOBS, speech, VOICES } from "./samples";

const START = Date.now();
const STAGES: [string, string][] = [
  ["voice", "Preparing the voice"],
  ["face", "Finding the face"],
  ["render", "Rendering"],
  ["quality", "Checking the result"],
  ["finish", "Finishing"],
];
const assets: Asset[] = [face("astronaut.png"), speech("interview.wav")];
const files = new Map<string, Buffer>();
let jobs: Job[] = SAMPLE_JOBS(assets[0] as Asset, assets[1] as Asset);
let signedIn = !process.env["AVSITE_MOCK_SIGNED_OUT"];
let keys = [{ id: 1, name: "Newsletter script", hint: "avs_k3…9f2", created_at: new Date(START).toISOString(), last_used_at: null as string | null }];

function session() {
  const user = signedIn ? { username: "alice", email: "alice@example.org", is_staff: true } : null;
  return { signed_in: signedIn, user, signup_open: true, csrf_token: "mock", limits: LIMITS };
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(body === undefined ? "" : JSON.stringify(body));
}

function refuse(response: ServerResponse, status: number, code: string, message: string, param?: string): void {
  send(response, status, { error: { code, message, param }, request_id: randomUUID() });
}

function media(response: ServerResponse, request: IncomingMessage, type: string, body: Buffer): void {
  const range = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? "");
  if (!range) {
    response.writeHead(200, { "Content-Type": type, "Content-Length": body.length, "Accept-Ranges": "bytes" });
    return void response.end(body);
  }
  const from = Number(range[1]);
  const to = range[2] ? Number(range[2]) : body.length - 1;
  response.writeHead(206, {
    "Content-Type": type,
    "Content-Length": to - from + 1,
    "Content-Range": `bytes ${from}-${to}/${body.length}`,
    "Accept-Ranges": "bytes",
  });
  response.end(body.subarray(from, to + 1));
}

function fixture(name: string): Buffer | null {
  const folder = process.env["AVSITE_MOCK_MEDIA"];
  try {
    return folder ? readFileSync(`${folder}/${name}`) : null;
  } catch {
    return null;
  }
}

/** Moves every unfinished job to where it should be by now. */
function advance(): void {
  jobs = jobs.map((job) => {
    if (job.state !== "running" && job.state !== "queued") return job;
    const seconds = (Date.now() - Date.parse(job.created_at)) / 1000;
    const percent = Math.min(100, Math.max(0, Math.round((seconds - 2) * 4)));
    const revision = job.revision + 1;
    if (seconds < 2) return job;
    if (percent >= 100) {
      const root = `/api/v1/lipsyncs/${job.id}`;
      return {
        ...job, state: "done", percent: 100, revision, seconds_left: null, video_url: `${root}/video`,
        poster_url: `${root}/poster`, mouth_url: `${root}/mouth`, duration_seconds: 4, finished_at: new Date().toISOString(), engine_used: "builtin",
      };
    }
    const [stage, stage_label] = STAGES[Math.floor(percent / 20)] ?? ["", ""];
    return { ...job, state: "running", stage, stage_label, percent, revision, seconds_left: (100 - percent) / 4 };
  });
}

function create(body: LipsyncRequest): Job {
  const look = body.face.startsWith("house:");
  const found = assets.find((asset) => asset.id === body.face) ?? null;
  const id = randomUUID();
  const job: Job = {
    ...(jobs[0] as Job), id, state: "queued", stage: "", stage_label: "Waiting", percent: 0, revision: 1,
    face: look ? null : found, house_look: look ? body.face.slice(6) : "",
    speech: assets.find((asset) => asset.id === body.speech) ?? null,
    text: body.text ?? "", voice: body.voice ?? "", options: { ...DEFAULT_OPTIONS, pick: null, ...body.options } as Job["options"], segments: [], music: null, created_at: new Date().toISOString(), started_at: new Date().toISOString(),
    finished_at: null, video_url: null, poster_url: null, mouth_url: null, error: null, warnings: [], quality: null, attempts: [],
    source_url: look ? null : `/api/v1/lipsyncs/${id}/source`, share_url: null, from_cache: false,
  };
  jobs = [job, ...jobs];
  return job;
}

function upload(raw: Buffer): Asset | string {
  const text = raw.toString("latin1");
  const name = /filename="([^"]+)"/.exec(text)?.[1] ?? "file";
  const kind = text.includes("\r\n\r\nspeech\r\n") ? "speech" : "face";
  const at = raw.indexOf("\r\n\r\n", raw.indexOf("filename=")) + 4;
  const body = raw.subarray(at, raw.lastIndexOf("\r\n--"));
  if (!body.length) return "This file is empty. Choose one that has something in it.";
  if (name.endsWith(".txt")) return `${name} is a text file. Choose a photo, a video or a sound file.`;
  const asset = kind === "face" ? face(name) : speech(name);
  asset.size_bytes = body.length;
  files.set(asset.id, body);
  assets.unshift(asset);
  return asset;
}

type Reply = (response: ServerResponse, request: IncomingMessage, id: string, body: Buffer) => void;

function jobReply(change: (job: Job) => Partial<Job>): Reply {
  return (response, _request, id) => {
    jobs = jobs.map((job) => (job.id === id ? { ...job, ...change(job), revision: job.revision + 1 } : job));
    send(response, 200, jobs.find((job) => job.id === id));
  };
}

function picture(response: ServerResponse, request: IncomingMessage, id: string): void {
  const own = files.get(id);
  if (own) return media(response, request, "image/png", own);
  const sample = fixture("astronaut.png");
  if (sample) return media(response, request, "image/png", sample);
  media(response, request, "image/svg+xml", Buffer.from(lookPicture(0)));
}

const ROUTES: [string, RegExp, Reply][] = [
  ["GET", /^\/session$/, (r) => send(r, 200, session())],
  ["POST", /^\/(?:session|signup)$/, (r, _q, _i, body) => {
    if (String(body).includes('"wrong"')) return refuse(r, 401, "unauthenticated", "Username or password is wrong. Check both.");
    signedIn = true;
    send(r, 200, session());
  }],
  ["DELETE", /^\/session$/, (r) => { signedIn = false; send(r, 204, undefined); }],
  ["GET", /^\/me$/, (r) => send(r, 200, { ...session().user, storage: { used_bytes: 412e6, limit_bytes: 5e9 }, jobs: { active: 1, limit: 20 } })],
  ["GET", /^\/me\/keys$/, (r) => send(r, 200, { items: keys })],
  ["POST", /^\/me\/keys$/, (r, _q, _i, body) => {
    const key = { id: keys.length + 1, name: (JSON.parse(String(body)) as { name: string }).name, hint: "avs_p7…c41", created_at: new Date().toISOString(), last_used_at: null };
    keys = [key, ...keys];
    send(r, 201, { ...key, secret: "avs_p7Q2mX9vLr4TzB8nKc41" });
  }],
  ["DELETE", /^\/me\/keys\/(.+)$/, (r, _q, id) => { keys = keys.filter((key) => key.id !== Number(id)); send(r, 204, undefined); }],
  ["GET", /^\/assets\/([^/]+)\/faces$/, (r) => send(r, 200, { state: "ready", items: [] })],
  ["GET", /^\/assets\/([^/]+)\/thumbnail$/, picture],
  ["GET", /^\/assets\/([^/]+)\/file$/, (r, q, id) => media(r, q, "audio/wav", files.get(id) ?? fixture("speech.wav") ?? Buffer.alloc(0))],
  ["GET", /^\/assets$/, (r, q) => {
    const kind = new URL(q.url ?? "", "http://x").searchParams.get("kind");
    send(r, 200, { items: assets.filter((asset) => !kind || asset.kind === kind), next_cursor: null });
  }],
  ["POST", /^\/assets$/, (r, _q, _i, body) => {
    const made = upload(body);
    if (typeof made === "string") refuse(r, 422, "invalid", made, "file");
    else send(r, 201, made);
  }],
  ["DELETE", /^\/assets\/(.+)$/, (r, _q, id) => { assets.splice(assets.findIndex((asset) => asset.id === id), 1); send(r, 204, undefined); }],
  ["POST", /^\/lipsyncs\/estimate$/, (r) => send(r, 200, { engine: "builtin", reason: "", seconds: 4.2, cost_usd: 0, most_usd: 0, render_seconds: 9, from_cache: false, engines: [] })],
  ["GET", /^\/lipsyncs$/, (r, q) => {
    const state = new URL(q.url ?? "", "http://x").searchParams.get("state");
    send(r, 200, { items: jobs.filter((job) => !state || job.state === state), next_cursor: null });
  }],
  ["POST", /^\/lipsyncs$/, (r, _q, _i, body) => send(r, 201, create(JSON.parse(String(body)) as LipsyncRequest))],
  ["GET", /^\/lipsyncs\/([^/]+)\/log$/, (r) => send(r, 200, { items: [{ at: new Date(START).toISOString(), level: "info", message: "Claimed by a worker." }, { at: new Date().toISOString(), level: "info", message: "Rendered 100 of 100 frames." }] })],
  ["GET", /^\/lipsyncs\/([^/]+)\/(?:poster|source)$/, picture],
  ["GET", /^\/(?:lipsyncs|shared)\/([^/]+)\/video$/, (r, q) => media(r, q, "video/mp4", fixture("result.mp4") ?? Buffer.alloc(0))],
  ["GET", /^\/lipsyncs\/([^/]+)\/mouth$/, (r) => send(r, 200, mouth(Number(process.env["AVSITE_MOCK_SECONDS"] ?? 4)))],
  ["POST", /^\/lipsyncs\/([^/]+)\/cancel$/, jobReply(() => ({ state: "cancelled", finished_at: new Date().toISOString() }))],
  ["POST", /^\/lipsyncs\/([^/]+)\/retry$/, jobReply(() => ({ state: "queued", percent: 0, error: null, created_at: new Date().toISOString() }))],
  ["POST", /^\/lipsyncs\/([^/]+)\/share$/, (r, q, id) => {
    jobReply(() => ({ share_url: "/s/mock-token" }))({ writeHead: () => undefined, end: () => undefined } as unknown as ServerResponse, q, id, Buffer.alloc(0));
    send(r, 200, { url: "/s/mock-token" });
  }],
  ["DELETE", /^\/lipsyncs\/([^/]+)\/share$/, (r) => send(r, 204, undefined)],
  ["GET", /^\/lipsyncs\/([^/]+)$/, (r, _q, id) => {
    const job = jobs.find((one) => one.id === id);
    if (job) send(r, 200, job);
    else refuse(r, 404, "not_found", "There is no such video.");
  }],
  ["DELETE", /^\/lipsyncs\/([^/]+)$/, (r, _q, id) => { jobs = jobs.filter((job) => job.id !== id); send(r, 204, undefined); }],
  ["GET", /^\/shared\/mock-token$/, (r) => send(r, 200, { duration_seconds: 4, created_at: new Date(START).toISOString(), video_url: "/api/v1/shared/mock-token/video", poster_url: "/api/v1/lipsyncs/x/poster" })],
  ["GET", /^\/voices$/, (r) => send(r, 200, { items: VOICES, default: VOICES[0]?.id })],
  ["GET", /^\/voices\/(.+)\/sample$/, (r, q) => media(r, q, "audio/wav", fixture("speech.wav") ?? Buffer.alloc(0))],
  ["GET", /^\/engines$/, (r) => send(r, 200, { items: ENGINES })],
  ["GET", /^\/looks$/, (r) => send(r, 200, { items: LOOKS })],
  ["GET", /^\/looks\/(\w+)\/thumbnail$/, (r, q, id) => media(r, q, "image/svg+xml", Buffer.from(lookPicture(LOOKS.findIndex((look) => look.id === `house:${id}`))))],
];

export function answer(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => {
    advance();
    const path = (request.url ?? "").replace("/api/v1", "").replace(/\?.*/, "");
    for (const [method, pattern, reply] of ROUTES) {
      const match = pattern.exec(path);
      if (method === request.method && match) return reply(response, request, decodeURIComponent(match[1] ?? ""), Buffer.concat(chunks));
    }
    refuse(response, 404, "not_found", "That does not exist.");
  });
}
