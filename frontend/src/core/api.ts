/** The one place that talks HTTP to the server. */

import type {
  ApiKey, Asset, AssetKind, Costs, Engine, Estimate, Faces, Job, JobState, LipsyncRequest, LogLine, Look, Me, Mouth, NewApiKey,
  Page, Session, SharedVideo, Voice,
} from "../api/types";
import { ApiError, errorFrom, offlineError } from "./errors";

const ROOT = "/api/v1";

export interface UploadOptions {
  /** Called with the fraction sent, 0..1. */
  onProgress?: (fraction: number) => void;
  signal?: AbortSignal;
}

type Query = Record<string, string | number | undefined>;

export class ApiClient {
  private csrfToken = "";
  /** Called when the server says that nobody is signed in. */
  onUnauthenticated: () => void = () => undefined;

  constructor(private readonly fetchImpl: typeof fetch = (...args) => fetch(...args)) {}

  // Who

  session = async (): Promise<Session> => this.keepToken(await this.get<Session>("/session"));
  signIn = async (username: string, password: string): Promise<Session> =>
    this.keepToken(await this.send<Session>("POST", "/session", { username, password }));
  signUp = async (username: string, email: string, password: string): Promise<Session> =>
    this.keepToken(await this.send<Session>("POST", "/signup", { username, email, password }));
  signOut = (): Promise<void> => this.send("DELETE", "/session");
  me = (): Promise<Me> => this.get("/me");
  keys = (): Promise<{ items: ApiKey[] }> => this.get("/me/keys");
  createKey = (name: string): Promise<NewApiKey> => this.send("POST", "/me/keys", { name });
  revokeKey = (id: ApiKey["id"]): Promise<void> => this.send("DELETE", `/me/keys/${id}`);

  // Assets

  assets = (kind?: AssetKind, cursor?: string, limit?: number): Promise<Page<Asset>> =>
    this.get("/assets", { kind, cursor, limit });
  faces = (id: string): Promise<Faces> => this.get(`/assets/${id}/faces`);
  deleteAsset = (id: string): Promise<void> => this.send("DELETE", `/assets/${id}`);

  uploadAsset = (file: Blob, name: string, kind: AssetKind, options: UploadOptions = {}): Promise<Asset> => {
    const form = new FormData();
    form.append("kind", kind);
    form.append("file", file, name);
    return this.upload("/assets", form, options);
  };

  /** Sends a form with a file in it. */
  upload = <T>(path: string, form: FormData, options: UploadOptions = {}): Promise<T> =>
    this.withFreshToken(() => this.uploadOnce<T>(path, form, options));

  private uploadOnce<T>(path: string, form: FormData, options: UploadOptions): Promise<T> {
    return new Promise((resolve, reject) => {
      // fetch cannot report how much of a body has been sent.
      const request = new XMLHttpRequest();
      request.open("POST", ROOT + path);
      request.setRequestHeader("X-CSRFToken", this.csrfToken);
      request.setRequestHeader("Accept", "application/json");
      request.upload.onprogress = (event) => {
        if (event.lengthComputable) options.onProgress?.(event.loaded / event.total);
      };
      request.onload = () => {
        if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText) as T);
        else reject(this.noticed(errorFrom(request.status, request.responseText)));
      };
      request.onerror = () => reject(offlineError());
      request.onabort = () => reject(new DOMException("The upload was cancelled.", "AbortError"));
      options.signal?.addEventListener("abort", () => request.abort());
      request.send(form);
    });
  }

  // Jobs

  createJob = (body: LipsyncRequest, idempotencyKey: string): Promise<Job> =>
    this.send("POST", "/lipsyncs", body, { "Idempotency-Key": idempotencyKey });
  estimate = (body: LipsyncRequest, signal?: AbortSignal): Promise<Estimate> =>
    this.send("POST", "/lipsyncs/estimate", body, {}, signal);
  jobs = (state?: JobState, cursor?: string, limit?: number): Promise<Page<Job>> =>
    this.get("/lipsyncs", { state, cursor, limit });
  job = (id: string): Promise<Job> => this.get(`/lipsyncs/${id}`);
  cancelJob = (id: string): Promise<Job> => this.send("POST", `/lipsyncs/${id}/cancel`);
  retryJob = (id: string): Promise<Job> => this.send("POST", `/lipsyncs/${id}/retry`);
  deleteJob = (id: string): Promise<void> => this.send("DELETE", `/lipsyncs/${id}`);
  jobLog = (id: string): Promise<{ items: LogLine[] }> => this.get(`/lipsyncs/${id}/log`);
  mouth = (id: string): Promise<Mouth> => this.get(`/lipsyncs/${id}/mouth`);
  shareJob = (id: string): Promise<{ url: string }> => this.send("POST", `/lipsyncs/${id}/share`);
  unshareJob = (id: string): Promise<void> => this.send("DELETE", `/lipsyncs/${id}/share`);
  shared = (token: string): Promise<SharedVideo> => this.get(`/shared/${encodeURIComponent(token)}`);
  downloadUrl = (id: string): string => `${ROOT}/lipsyncs/${id}/video?download=1`;

  costs = (days: number, everyone: boolean): Promise<Costs> =>
    this.get("/costs", { days, everyone: everyone ? "true" : undefined });
  costsUrl = (days: number, everyone: boolean): string =>
    `${ROOT}/costs.csv?days=${days}${everyone ? "&everyone=true" : ""}`;

  // What there is to choose from

  voices = (): Promise<{ items: Voice[]; default: string }> => this.get("/voices");
  engines = (): Promise<{ items: Engine[] }> => this.get("/engines");
  looks = (): Promise<{ items: Look[] }> => this.get("/looks");

  /** For the parts of the API that have a client of their own. */
  request = <T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> =>
    this.send(method, path, body, headers);

  /** A file, as the server made it. */
  file = async (path: string, headers: Record<string, string> = {}): Promise<Blob> => {
    const response = await this.fetchImpl(ROOT + path, { credentials: "same-origin", headers }).catch(() => {
      throw offlineError();
    });
    if (!response.ok) throw this.noticed(errorFrom(response.status, await response.text()));
    return response.blob();
  };

  private keepToken(session: Session): Session {
    this.csrfToken = session.csrf_token;
    return session;
  }

  private noticed(error: ApiError): ApiError {
    if (error.status === 401) this.onUnauthenticated();
    return error;
  }

  private get<T>(path: string, query: Query = {}): Promise<T> {
    const params = new URLSearchParams();
    for (const [key, value] of Object.entries(query)) {
      if (value !== undefined && value !== "") params.set(key, String(value));
    }
    const text = params.toString();
    return this.send("GET", text ? `${path}?${text}` : path);
  }

  /** A sign-in in another tab makes this page's token stale: takes the new one and tries once more. */
  private async withFreshToken<T>(work: () => Promise<T>): Promise<T> {
    const used = this.csrfToken;
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 403) throw error;
      await this.session();
      if (this.csrfToken === used) throw error;
      return await work();
    }
  }

  private send<T>(
    method: string, path: string, body?: unknown, headers: Record<string, string> = {}, signal?: AbortSignal,
  ): Promise<T> {
    const work = () => this.sendOnce<T>(method, path, body, headers, signal);
    return method === "GET" ? work() : this.withFreshToken(work);
  }

  private async sendOnce<T>(
    method: string, path: string, body: unknown, headers: Record<string, string>, signal?: AbortSignal,
  ): Promise<T> {
    const unsafe = method !== "GET";
    let response: Response;
    try {
      response = await this.fetchImpl(ROOT + path, {
        method,
        credentials: "same-origin",
        headers: {
          Accept: "application/json",
          ...(unsafe ? { "X-CSRFToken": this.csrfToken } : {}),
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal ? { signal } : {}),
      });
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      throw offlineError();
    }
    const text = await response.text();
    if (!response.ok) throw this.noticed(errorFrom(response.status, text));
    return (text ? JSON.parse(text) : undefined) as T;
  }
}
