/** A command takes milliseconds; one that waits for a new owner, some seconds. Then a client gives up and asks again. */
const ANSWER_WITHIN_MS = 8_000;

export type Outcome =
  | { readonly type: "ok"; readonly body: unknown; readonly headers: Headers }
  /** Surely not done; `status` is null where nobody took the connection. */
  | { readonly type: "fail"; readonly status: number | null; readonly why: string }
  | { readonly type: "info"; readonly status: number | null; readonly why: string };

export interface HttpCall {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly url: string;
  readonly token?: string;
  /** JSON, or a form with a file. */
  readonly body?: unknown;
  /** Its `Idempotency-Key`. */
  readonly key?: string;
}

/** One attempt, and what a careful client may conclude from it. Never rejects. */
export async function attempt({ method, url, token, body, key }: HttpCall): Promise<Outcome> {
  try {
    const response = await fetch(url, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined || body instanceof FormData ? {} : { "content-type": "application/json" }),
        ...(key === undefined ? {} : { "idempotency-key": key }),
      },
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return concluded(response, text === "" ? undefined : JSON.parse(text));
  } catch (error) {
    const why = reasonOf(error);
    // Nobody took the connection, so nobody has heard of it. Whatever else breaks may break after it was done.
    return { type: why === "ECONNREFUSED" ? "fail" : "info", status: null, why };
  }
}

/** What an answer says: a 500, and what is told to be in doubt, may have been done; any other refusal was not. */
export function concluded({ status, headers }: Pick<Response, "status" | "headers">, body: unknown): Outcome {
  if (status < 300) return { type: "ok", body, headers };
  const code = typeof body === "object" && body !== null && "code" in body ? String(body.code) : "without a code";
  const why = `${status} ${code}`;
  return { type: status === 500 || code === "outcome_unknown" ? "info" : "fail", status, why };
}

function reasonOf(error: unknown): string {
  if (!Error.isError(error)) return String(error);
  const { cause } = error;
  if (Error.isError(cause) && "code" in cause) return String(cause.code);
  return error.name;
}
