import type { ProblemObject } from "@chat/shared/api/problem-object";
import { retryAfterSeconds } from "./retry-after.ts";

/** Longer than the server itself waits for anything; a call that hangs is one whose answer was lost. */
const ANSWER_WITHIN_MS = 15_000;

/** A file may be large and a way slow. A server that hears nothing for a while ends a call by itself. */
const TRANSFER_WITHIN_MS = 30 * 60_000;

/** No server of ours is busy for longer; a clock that counts more milliseconds than fit would wait for none at all. */
const MAX_RETRY_AFTER_MS = 10 * 60_000;

export interface Credentials {
  /** An access token; asked for once. */
  token(): string | Promise<string>;
  /**
   * Another one, for this one was refused: it has run out, or its session has ended. Null: there is none, the user must log in
   * again. When it rejects, it is asked again later.
   */
  renew(refused: string): Promise<string | null>;
}

export interface Answer<Body> {
  readonly status: number;
  readonly body: Body;
  readonly position: string | null;
  /** True: something that was acknowledged before may be missing. */
  readonly stale: boolean;
  /** The query of the next page. */
  readonly next: string | null;
  readonly retryAfterMs: number;
}

export interface Upload {
  /** Sent again with the same key it is the same file. */
  readonly key: string;
  readonly file: Blob & { readonly name: string };
  readonly signal: AbortSignal;
  /** How much of it has left this device. */
  readonly progress: (bytes: number) => void;
}

/** Sends a form as `fetch` does, and may tell its progress. Rejects when there was no answer. */
export type SendForm = (
  url: string,
  form: {
    readonly method: "POST" | "PUT";
    readonly headers: Readonly<Record<string, string>>;
    readonly body: FormData;
    readonly signal: AbortSignal;
  },
  progress: (bytes: number) => void,
) => Promise<Response>;

/** What goes with a call that has a body. */
export interface PostOptions {
  readonly signal?: AbortSignal;
  /** Sent again with the same key it is the same order, whatever became of its answer. */
  readonly key?: string;
}

/** Calls with a token, which is renewed when it is refused. Reject with `SignedOut`, or when there was no answer. */
export interface HttpCalls {
  get<Body>(path: string, signal?: AbortSignal): Promise<Answer<Body>>;
  post<Body>(path: string, body: object, options?: PostOptions): Promise<Answer<Body | ProblemObject>>;
  /** Null where there is nothing to say. */
  change<Body>(
    method: "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    body?: object,
  ): Promise<Answer<Body | ProblemObject | null>>;
  /** A form with one field, `file`. */
  upload<Body>(method: "POST" | "PUT", path: string, upload: Upload): Promise<Answer<Body | ProblemObject>>;
  download(path: string, signal?: AbortSignal): Promise<Blob>;
}

/** No token is to be had any more. */
export class SignedOut extends Error {
  override readonly name = "SignedOut";
}

/** The server answered, and not with what was asked for. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly status: number;
  /** From a read model that lags: what was acknowledged a moment ago may be missing in it. */
  readonly stale: boolean;
  readonly retryAfterMs: number;

  constructor(path: string, answer: Pick<Answer<unknown>, "status" | "stale" | "retryAfterMs">) {
    super(`${path} was answered with ${answer.status}`);
    this.status = answer.status;
    this.stale = answer.stale;
    this.retryAfterMs = answer.retryAfterMs;
  }
}

export interface HttpCallsOptions {
  /** `https://chat.example`; the API is below `/api`. */
  readonly url: string;
  readonly credentials: Credentials;
  readonly fetch: typeof fetch;
  readonly sendForm?: SendForm;
}

export function createHttpCalls({
  url,
  credentials,
  fetch: send,
  sendForm = (to, form) => send(to, form),
}: HttpCallsOptions): HttpCalls {
  let token: Promise<string> | null = null;

  /** However many calls were refused together, one renews. */
  function renew(refused: string, failed: Promise<string>): Promise<string> {
    if (token === failed) {
      const renewing = credentials.renew(refused).then((renewed) => {
        if (renewed === null) throw new SignedOut("no token is to be had any more");
        return renewed;
      });
      token = renewing;
      // What failed is tried again by the next call: the renewal, or the log-in after one that was denied.
      renewing.catch((error: unknown) => {
        if (token === renewing) token = error instanceof SignedOut ? null : failed;
      });
    }
    return token ?? failed;
  }

  function firstToken(): Promise<string> {
    const asking = Promise.resolve(credentials.token());
    // Where it is kept may be out of reach for a moment.
    asking.catch(() => {
      if (token === asking) token = null;
    });
    return asking;
  }

  async function withToken(ask: (authorization: string) => Promise<Response>): Promise<Response> {
    const current = (token ??= firstToken());
    const response = await ask(`Bearer ${await current}`);
    if (response.status !== 401) return response;
    return ask(`Bearer ${await renew(await current, current)}`);
  }

  async function call<Body>(
    method: string,
    path: string,
    body?: object,
    { signal, key }: PostOptions = {},
  ): Promise<Answer<Body>> {
    const headers = {
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(key === undefined ? {} : { "idempotency-key": key }),
    };
    const response = await withToken((authorization) =>
      send(`${url}/api${path}`, {
        method,
        headers: { authorization, ...headers },
        signal: within(ANSWER_WITHIN_MS, signal),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
    return answerOf(response);
  }

  return {
    async get<Body>(path: string, signal?: AbortSignal) {
      const answer = await call<Body>("GET", path, undefined, signal === undefined ? {} : { signal });
      if (answer.status !== 200) throw new Refused(path, answer);
      return answer;
    },
    post: (path, body, options) => call("POST", path, body, options),
    change: (method, path, body) => call(method, path, body),

    async upload<Body>(method: "POST" | "PUT", path: string, { key, file, signal, progress }: Upload) {
      const body = new FormData();
      body.append("file", file, file.name);
      const limited = within(TRANSFER_WITHIN_MS, signal);
      const response = await withToken((authorization) => {
        const headers = { authorization, "idempotency-key": key };
        return sendForm(`${url}/api${path}`, { method, headers, body, signal: limited }, progress);
      });
      return answerOf<Body | ProblemObject>(response);
    },

    async download(path, wanted) {
      const signal = within(TRANSFER_WITHIN_MS, wanted);
      const response = await withToken((authorization) =>
        send(`${url}/api${path}`, { headers: { authorization }, signal }),
      );
      if (!response.ok) throw new Refused(path, { status: response.status, ...headersOf(response) });
      return response.blob();
    },
  };
}

async function answerOf<Body>(response: Response): Promise<Answer<Body>> {
  const text = await response.text();
  return {
    status: response.status,
    // What the documents promise; the server's specs check that it is so.
    body: (text === "" ? null : JSON.parse(text)) as Body,
    ...headersOf(response),
  };
}

function headersOf({ headers }: Response): Omit<Answer<unknown>, "status" | "body"> {
  return {
    position: headers.get("chat-position"),
    stale: headers.get("chat-stale") === "true",
    next: /<(\?[^>]*)>; rel="next"/.exec(headers.get("link") ?? "")?.[1] ?? null,
    retryAfterMs: Math.min(retryAfterSeconds(headers) * 1_000, MAX_RETRY_AFTER_MS),
  };
}

function within(ms: number, wanted: AbortSignal | undefined): AbortSignal {
  const limit = AbortSignal.timeout(ms);
  return wanted === undefined ? limit : AbortSignal.any([wanted, limit]);
}
