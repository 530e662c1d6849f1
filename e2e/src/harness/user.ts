import { createAnswerCheck } from "@chat/shared/testing/check-answer";
import type { Account } from "./api.ts";
import { openSocket, type Socket } from "./socket.ts";

const checkAnswer = createAnswerCheck();
/** No answer takes that long, whatever was asked: a call that hangs fails its story. */
const ANSWER_WITHIN_MS = 30_000;

export interface Answer<Body = unknown> {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed body; the text where it is no JSON, undefined where there is none. */
  readonly body: Body;
}

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
}

/** Calls with JSON, or with a form where one is given. `Body` is what the caller expects; the expectations of a story are what checks it. */
export interface Caller {
  get<Body>(path: string, options?: CallOptions): Promise<Answer<Body>>;
  post<Body>(path: string, body?: unknown, options?: CallOptions): Promise<Answer<Body>>;
  put<Body>(path: string, body?: unknown, options?: CallOptions): Promise<Answer<Body>>;
  patch<Body>(path: string, body?: unknown, options?: CallOptions): Promise<Answer<Body>>;
  delete<Body>(path: string, options?: CallOptions): Promise<Answer<Body>>;
}

export interface User extends Caller {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly token: string;
  /** Connected, and `ready`. `query` is added to the address. */
  socket(query?: Readonly<Record<string, string>>): Promise<Socket>;
}

/** Where the chat listens, now: after a restart it may be somewhere else. */
export type Address = () => Promise<string>;

export const password = "correct horse battery staple";

/** Registers somebody; the e-mail follows from the name. */
export async function register(address: Address, name: string): Promise<User> {
  const email = `${name.toLowerCase()}@example.org`;
  const { status, body } = await stranger(address).post<Account>("/api/auth/register", { email, password, name });
  if (status !== 201) throw new Error(`${name} could not register: ${status} ${JSON.stringify(body)}`);
  return userWith(address, { id: body.id, name, email, token: body.access_token });
}

export function userWith(address: Address, who: Pick<User, "id" | "name" | "email" | "token">): User {
  return {
    ...who,
    ...callerWith(address, { authorization: `Bearer ${who.token}` }),
    socket: async (query = {}) => openSocket(await address(), { token: who.token, ...query }),
  };
}

/** Calls without a token. */
export function stranger(address: Address): Caller {
  return callerWith(address, {});
}

function callerWith(address: Address, common: Readonly<Record<string, string>>): Caller {
  async function call<Body>(method: string, path: string, body: unknown, options: CallOptions = {}) {
    const isJson = body !== undefined && !(body instanceof FormData);
    const response = await fetch(`${await address()}${path}`, {
      method,
      headers: { ...common, ...(isJson ? { "content-type": "application/json" } : {}), ...options.headers },
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      ...(isJson ? { body: JSON.stringify(body) } : {}),
      ...(body instanceof FormData ? { body } : {}),
    });
    const answer = { status: response.status, headers: response.headers, body: parsed(await response.text()) as Body };
    checkAnswer({ ...answer, method, path, contentType: response.headers.get("content-type") });
    return answer;
  }
  return {
    get: (path, options) => call("GET", path, undefined, options),
    post: (path, body, options) => call("POST", path, body, options),
    put: (path, body, options) => call("PUT", path, body, options),
    patch: (path, body, options) => call("PATCH", path, body, options),
    delete: (path, options) => call("DELETE", path, undefined, options),
  };
}

function parsed(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
