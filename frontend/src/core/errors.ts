/** What the server refused and why, or that it could not be reached. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
    /** The request field at fault, when there is one. */
    readonly param?: string,
    readonly requestId?: string,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

interface Envelope {
  error?: { code?: string; message?: string; param?: string | null };
  request_id?: string;
}

const FALLBACKS: Record<number, string> = {
  401: "You are signed out. Sign in and try again.",
  403: "You are not allowed to do that.",
  404: "That does not exist, or it is not yours.",
  413: "That file is too large for this server.",
  429: "Too many requests. Wait a moment and try again.",
};

/** Reads the error envelope; a body that holds none (a proxy's page) still gives a sentence. */
export function errorFrom(status: number, body: string): ApiError {
  let envelope: Envelope = {};
  try {
    envelope = JSON.parse(body) as Envelope;
  } catch {
    // Not JSON: the fallback below says what the status says.
  }
  const { code, message, param } = envelope.error ?? {};
  const fallback = FALLBACKS[status] ?? `The server answered with an error (${status}). Try again in a moment.`;
  return new ApiError(code ?? `http_${status}`, message ?? fallback, status, param ?? undefined, envelope.request_id);
}

export function offlineError(): ApiError {
  return new ApiError("offline", "The server cannot be reached. Check your connection and try again.", 0);
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/** One sentence for a person, whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error && error.message ? error.message : "Something went wrong. Try again.";
}
