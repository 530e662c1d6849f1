import type { ProblemObject } from "@chat/shared/api/problem-object";

/** Longer than the server itself waits for anything; a call that hangs is one whose answer was lost. */
const ANSWER_WITHIN_MS = 15_000;

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

/** Calls with a token, which is renewed when it is refused. Reject with `SignedOut`, or when there was no answer. */
export interface HttpCalls {
  get<Body>(path: string): Promise<Answer<Body>>;
  post<Body>(path: string, body: object): Promise<Answer<Body | ProblemObject>>;
  /** Null where there is nothing to say. */
  change<Body>(
    method: "PUT" | "PATCH" | "DELETE",
    path: string,
    body?: object,
  ): Promise<Answer<Body | ProblemObject | null>>;
}

/** No token is to be had any more. */
export class SignedOut extends Error {
  override readonly name = "SignedOut";
}

/** The server answered, and not with what was asked for. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly status: number;

  constructor(path: string, status: number) {
    super(`${path} was answered with ${status}`);
    this.status = status;
  }
}

export interface HttpCallsOptions {
  /** `https://chat.example`; the API is below `/api`. */
  readonly url: string;
  readonly credentials: Credentials;
  readonly fetch: typeof fetch;
}

export function createHttpCalls({ url, credentials, fetch: send }: HttpCallsOptions): HttpCalls {
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

  async function call<Body>(method: string, path: string, body?: object): Promise<Answer<Body>> {
    const current = (token ??= Promise.resolve(credentials.token()));
    const answer = await once<Body>(method, path, await current, body);
    if (answer.status !== 401) return answer;
    return once<Body>(method, path, await renew(await current, current), body);
  }

  async function once<Body>(method: string, path: string, bearer: string, body?: object): Promise<Answer<Body>> {
    const response = await send(`${url}/api${path}`, {
      method,
      headers: {
        authorization: `Bearer ${bearer}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const { headers } = response;
    return {
      status: response.status,
      // What the documents promise; the server's specs check that it is so.
      body: (text === "" ? null : JSON.parse(text)) as Body,
      position: headers.get("chat-position"),
      stale: headers.get("chat-stale") === "true",
      next: /<(\?[^>]*)>; rel="next"/.exec(headers.get("link") ?? "")?.[1] ?? null,
      retryAfterMs: Number(headers.get("retry-after") ?? 0) * 1_000,
    };
  }

  return {
    async get<Body>(path: string) {
      const answer = await call<Body>("GET", path);
      if (answer.status !== 200) throw new Refused(path, answer.status);
      return answer;
    },
    post: (path, body) => call("POST", path, body),
    change: call,
  };
}
