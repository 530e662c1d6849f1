interface Options {
  readonly token?: string;
  readonly body?: object;
}

/** One call over HTTP; rejects with what was said when it was refused. */
export type Call = (method: string, path: string, options?: Options) => Promise<Readonly<Record<string, unknown>>>;

export function createCall(port: number): Call {
  return async (method, path, { token, body } = {}) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: {
        "content-type": "application/json",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  };
}
