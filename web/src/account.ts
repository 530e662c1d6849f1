import type { Credentials } from "@chat/client/http-calls";
import { retryAfterSeconds } from "@chat/client/retry-after";
import type { ProblemObject } from "@chat/shared/api/problem-object";

/** Where the windows of one browser keep who is signed in. */
const STORAGE_KEY = "chat.account";
/** Two windows that renew at once would spend the same refresh token twice. */
const LOCK = "chat.renewal";

export interface Account {
  readonly userId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** A refusal of the server, or null when it did not answer. */
export class NotSignedIn extends Error {
  override readonly name = "NotSignedIn";
  readonly problem: ProblemObject | null;
  /** 0 when the server did not say. */
  readonly retryAfterSeconds: number;

  constructor(problem: ProblemObject | null, retryAfter = 0) {
    super(problem?.code ?? "no answer");
    this.problem = problem;
    this.retryAfterSeconds = retryAfter;
  }
}

interface TokenAnswer {
  readonly id?: string;
  readonly access_token: string;
  readonly refresh_token: string;
}

/** The account that this browser is signed in to, shared by its windows. */
export interface AccountStore {
  current(): Account | null;
  /** Rejects with `NotSignedIn`. */
  signIn(credentials: { readonly email: string; readonly password: string }): Promise<void>;
  signUp(account: { readonly email: string; readonly password: string; readonly name: string }): Promise<void>;
  signOut(): Promise<void>;
  readonly credentials: Credentials;
  /** Called when somebody signs in or out, in whichever window. Returns what ends it. */
  subscribe(listener: () => void): () => void;
}

export function createAccountStore(url: string): AccountStore {
  const listeners = new Set<() => void>();
  window.addEventListener("storage", (event) => {
    if (event.key === STORAGE_KEY || event.key === null) tell();
  });
  const tell = (): void => listeners.forEach((listener) => listener());

  function keep(account: Account | null): void {
    const before = current()?.userId;
    if (account === null) localStorage.removeItem(STORAGE_KEY);
    else localStorage.setItem(STORAGE_KEY, JSON.stringify(account));
    if (before !== account?.userId) tell();
  }

  async function open(path: string, body: object): Promise<void> {
    const { status, json, retryAfter } = await post(url + path, body).catch(() => {
      throw new NotSignedIn(null);
    });
    if (status >= 300) throw new NotSignedIn("code" in json ? json : null, retryAfter);
    if ("access_token" in json) keep(accountOf(json, json.id ?? ""));
  }

  return {
    current,
    signIn: (credentials) => open("/api/auth/login", credentials),
    signUp: (account) => open("/api/auth/register", account),

    async signOut() {
      const account = current();
      keep(null);
      if (account === null) return;
      const headers = { authorization: `Bearer ${account.accessToken}` };
      // Signed out here either way: without an answer the session ends when its time is over.
      await fetch(`${url}/api/auth/logout`, { method: "POST", headers }).catch(() => undefined);
    },

    credentials: {
      token: () => current()?.accessToken ?? "",
      renew: (refused) =>
        alone(async () => {
          const account = current();
          if (account === null) return null;
          // Another window was quicker.
          if (account.accessToken !== refused) return account.accessToken;
          const { status, json } = await post(`${url}/api/auth/refresh`, { refresh_token: account.refreshToken });
          if (status === 401) {
            keep(null);
            return null;
          }
          if (!("access_token" in json)) throw new NotSignedIn("code" in json ? json : null);
          keep(accountOf(json, account.userId));
          return json.access_token;
        }),
    },

    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function current(): Account | null {
  const text = localStorage.getItem(STORAGE_KEY);
  // Nobody but this module writes it.
  return text === null ? null : (JSON.parse(text) as Account);
}

function accountOf({ access_token: accessToken, refresh_token: refreshToken }: TokenAnswer, userId: string): Account {
  return { userId, accessToken, refreshToken };
}

async function post(url: string, body: object) {
  const headers = { "content-type": "application/json" };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  return {
    status: answer.status,
    json: (await answer.json()) as TokenAnswer | ProblemObject,
    retryAfter: retryAfterSeconds(answer.headers),
  };
}

/** One window at a time, where the browser has locks: pages that came without TLS have none. */
function alone<T>(use: () => Promise<T>): Promise<T> {
  const locks = (navigator as Partial<Navigator>).locks;
  return locks === undefined ? use() : (locks.request(LOCK, use) as Promise<T>);
}
