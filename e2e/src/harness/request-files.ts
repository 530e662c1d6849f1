import { randomUUID } from "node:crypto";
import { runInNewContext } from "node:vm";

/** A request of a file, and how it was answered. */
export interface Sent {
  readonly title: string;
  /** Method and path as the file has them, variables and all. */
  readonly call: string;
  readonly status: number;
}

interface Request {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends what a file for REST Client says, in its order. `url` stands for the file's own. */
export async function sendHttpFile(text: string, url: string): Promise<readonly Sent[]> {
  const variables = new Map([["url", url]]);
  const answers = new Map<string, unknown>();
  const sent: Sent[] = [];
  for (const block of text.split(/^###/m).slice(1)) {
    const [title = "", ...lines] = block.split("\n");
    const assignment = /^@(\w+) = \{\{(\w+)\.response\.body\.([\w.]+)\}\}$/m.exec(block);
    if (assignment !== null) {
      const [, variable = "", answer = "", path = ""] = assignment;
      variables.set(variable, String(at(answers.get(answer), path)));
      continue;
    }
    const name = /^# @name (\w+)$/m.exec(block)?.[1];
    const [head = "", ...rest] = lines
      .filter((line) => !line.startsWith("#"))
      .join("\n")
      .trim()
      .split("\n\n");
    const [call = "", ...headers] = head.split("\n");
    const [method = "", address = ""] = call.split(" ");
    const request = {
      method,
      url: address,
      headers: Object.fromEntries(headers.map((line) => line.split(": ") as [string, string])),
      body: rest.join("\n\n"),
    };
    // As editors do it: the lines of a form end as those of HTTP.
    if (/^Content-Type: multipart/m.test(head)) request.body = `${request.body.trim()}\n`.replaceAll("\n", "\r\n");
    const { status, answer } = await send(request, variables);
    if (name !== undefined) answers.set(name, answer);
    sent.push({ title: title.trim(), call: call.replace("{{url}}", ""), status });
  }
  return sent;
}

interface Collection {
  readonly variable: readonly { readonly key: string; readonly value: string }[];
  readonly auth: { readonly bearer: readonly { readonly value: string }[] };
  readonly item: readonly {
    readonly name: string;
    readonly event: readonly { readonly listen: string; readonly script: { readonly exec: readonly string[] } }[];
    readonly request: {
      readonly method: string;
      readonly header: readonly { readonly key: string; readonly value: string }[];
      readonly url: { readonly raw: string };
      readonly auth?: { readonly type: string };
      readonly body?: { readonly raw: string };
    };
  }[];
}

/** Sends what a collection of Postman (v2.1) says and runs the tests behind each request; one that fails rejects. */
export async function sendPostmanCollection(text: string, url: string): Promise<readonly Sent[]> {
  const { variable, auth, item } = JSON.parse(text) as Collection;
  const variables = new Map([...variable.map(({ key, value }) => [key, value] as const), ["url", url] as const]);
  const authorization = `Bearer ${auth.bearer[0]?.value ?? ""}`;
  const sent: Sent[] = [];
  for (const { name, event, request } of item) {
    const headers = {
      ...Object.fromEntries(request.header.map(({ key, value }) => [key, value])),
      ...(request.auth?.type === "noauth" ? {} : { authorization }),
    };
    const body = request.body?.raw ?? "";
    const { status, answer } = await send({ method: request.method, url: request.url.raw, headers, body }, variables);
    for (const { script } of event) runInNewContext(script.exec.join("\n"), { pm: postman(status, answer, variables) });
    sent.push({ title: name, call: `${request.method} ${request.url.raw.replace("{{url}}", "")}`, status });
  }
  return sent;
}

/** As much of Postman's own as the scripts of our collection use. */
function postman(status: number, answer: unknown, variables: Map<string, string>) {
  const be = {
    get success() {
      if (status < 200 || status > 299) throw new Error(`${status} is no success: ${JSON.stringify(answer)}`);
      return true;
    },
  };
  return {
    test: (_title: string, check: () => void) => check(),
    response: { json: () => answer, to: { be } },
    collectionVariables: { set: (key: string, value: string) => void variables.set(key, value) },
  };
}

async function send({ method, url, headers, body }: Request, variables: ReadonlyMap<string, string>) {
  const filled = (text: string): string =>
    text
      .replaceAll("{{$guid}}", () => randomUUID())
      .replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => {
        const value = variables.get(name);
        if (value === undefined || value === "") throw new Error(`nothing has set ${name} before ${method} ${url}`);
        return value;
      });
  const response = await fetch(filled(url), {
    method,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, filled(value)])),
    ...(body === "" ? {} : { body: filled(body) }),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get("content-type") ?? "");
  return { status: response.status, answer: isJson && text !== "" ? (JSON.parse(text) as unknown) : undefined };
}

/** What stands at `chats.0.id`. */
function at(value: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((inside, key) => {
    const found: unknown = typeof inside === "object" && inside !== null ? Reflect.get(inside, key) : undefined;
    if (found === undefined) throw new Error(`an answer has no ${path}`);
    return found;
  }, value);
}
