/** What the gateway refused, in its own words. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly retryAfterSeconds: number;

  constructor(status: number, code: string, message: string, retryAfterSeconds = 0) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

const STORED_KEY = "ringfence.key";

/**
 * The API key: in this page's memory; in the tab's session storage too where the user says so. It is sent to this page's own
 * origin alone.
 */
class Session extends EventTarget {
  readonly #tab: Storage | null = tabStorage();
  #key: string | null = this.#tab?.getItem(STORED_KEY) ?? null;

  get key(): string | null {
    return this.#key;
  }

  get isKept(): boolean {
    return (this.#tab?.getItem(STORED_KEY) ?? null) !== null;
  }

  use(key: string, keep: boolean): void {
    this.#key = key;
    if (keep) this.#tab?.setItem(STORED_KEY, key);
    else this.#tab?.removeItem(STORED_KEY);
    this.dispatchEvent(new Event("change"));
  }

  forget(): void {
    this.#key = null;
    this.#tab?.removeItem(STORED_KEY);
    this.dispatchEvent(new Event("change"));
  }

  /** A request was refused for want of a (right) key. */
  refused(): void {
    this.dispatchEvent(new Event("refused"));
  }
}

/** Null where the browser lets no page keep anything. */
function tabStorage(): Storage | null {
  try {
    return globalThis.sessionStorage ?? null;
  } catch {
    return null;
  }
}

export const session = new Session();

export interface CallOptions {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Calls the gateway; throws ApiError with what it answered, or with status 0 where it can't be reached. */
export async function call(path: string, options: CallOptions = {}): Promise<Response> {
  const headers = new Headers(options.headers);
  if (session.key !== null) headers.set("Authorization", `Bearer ${session.key}`);
  const request: RequestInit = { method: options.method ?? "GET", headers, cache: "no-store", credentials: "omit", redirect: "error" };
  if (options.signal !== undefined) request.signal = options.signal;
  if (options.body !== undefined) {
    headers.set("Content-Type", "application/json");
    request.body = JSON.stringify(options.body);
  }
  let response: Response;
  try {
    response = await fetch(path, request);
  } catch (failure) {
    if (options.signal?.aborted === true) throw failure;
    throw new ApiError(0, "unreachable", "The gateway can't be reached. Is it still running?");
  }
  if (!response.ok) {
    const error = await errorOf(response);
    if (error.status === 401) session.refused();
    throw error;
  }
  return response;
}

export async function json<T>(path: string, options: CallOptions = {}): Promise<T> {
  return (await (await call(path, options)).json()) as T;
}

async function errorOf(response: Response): Promise<ApiError> {
  const wait = Number(response.headers.get("retry-after") ?? 0);
  try {
    return errorFrom(await response.json(), response.status, Number.isFinite(wait) ? wait : 0);
  } catch {
    return new ApiError(response.status, "unreadable", `The gateway answered ${response.status} without a readable reason.`);
  }
}

/** The error of OpenAI's body, whole or in a stream. */
export function errorFrom(body: unknown, status: number, retryAfterSeconds = 0): ApiError {
  const error = (body as { error?: { message?: unknown; code?: unknown } } | null)?.error;
  return new ApiError(
    status,
    typeof error?.code === "string" ? error.code : "unknown",
    typeof error?.message === "string" ? error.message : "The gateway answered with an error that says nothing.",
    retryAfterSeconds,
  );
}

export function messageOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}
