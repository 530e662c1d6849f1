import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { json } from "node:stream/consumers";
import type { Instances } from "./with-instances.ts";

/** One who writes into a chat of his own, one message after the other, by whichever instance is next. */
export interface SteadyWriters {
  /** By writer, who is user 1, 2, 3…, the chat and the seqs that were acknowledged, in order. */
  readonly chats: readonly { readonly chatId: string; readonly acknowledged: readonly number[] }[];
  /** Answers that were no success, as `status code`. */
  readonly refusals: readonly string[];
  /** Sends to these from now on. */
  use(urls: readonly string[]): void;
  /** The longest time between two acknowledgements of one writer since the last call. */
  longestPauseMs(): number;
  stop(): Promise<void>;
}

interface Options {
  readonly instances: Pick<Instances, "tokenOf" | "over">;
  readonly writers: number;
  readonly urls: readonly string[];
}

interface Answer {
  readonly status: number;
  readonly body: { readonly id?: string; readonly seq?: number; readonly code?: string };
}

/**
 * They do what a careful client does: whatever was not acknowledged is sent again with the same key, elsewhere. An instance
 * that takes no connection, or breaks one, is no refusal: a gateway goes to the next one too.
 */
export async function startWriters({ instances, writers, urls }: Options): Promise<SteadyWriters> {
  const agent = new Agent({ keepAlive: true });
  const refusals: string[] = [];
  let targets = urls;
  let running = true;
  let turn = 0;
  let longest = 0;

  async function untilDone(path: string, token: string, body: object): Promise<Answer["body"]> {
    for (;;) {
      instances.over.throwIfAborted();
      turn += 1;
      const url = targets[turn % targets.length] ?? "";
      const answer = await send(agent, `${url}${path}`, token, body).catch(() => null);
      if (answer === null) continue;
      if (answer.status < 300) return answer.body;
      const refusal = `${answer.status} ${answer.body.code ?? ""}`;
      if (answer.status !== 503) throw new Error(`${path} was answered ${JSON.stringify(answer.body)}`);
      refusals.push(refusal);
    }
  }

  async function openChat(index: number) {
    const token = instances.tokenOf(String(index + 1));
    const chat = await untilDone("/api/chats", token, {
      chat_type: "group",
      name: `of writer ${index}`,
      member_ids: [],
    });
    return { chatId: chat.id ?? "", token, acknowledged: [] as number[] };
  }

  async function write({ chatId, token, acknowledged }: Awaited<ReturnType<typeof openChat>>): Promise<void> {
    let last = performance.now();
    for (let number = 1; running; number += 1) {
      const message = { text: `message ${number}`, client_message_id: `m${number}` };
      const { seq } = await untilDone(`/api/chats/${chatId}/messages`, token, message);
      acknowledged.push(seq ?? 0);
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }
  }

  const chats = await Promise.all(Array.from({ length: writers }, (_, index) => openChat(index)));
  const done = Promise.all(chats.map(write));
  // Whoever stops them is told; a spec that has failed meanwhile stops nobody.
  done.catch(() => undefined);
  return {
    chats,
    refusals,
    use: (next) => {
      targets = next;
    },
    longestPauseMs() {
      const pause = longest;
      longest = 0;
      return Math.round(pause);
    },
    async stop() {
      running = false;
      await done;
      agent.destroy();
    },
  };
}

export function send(agent: Agent, url: string, token: string, body: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
    const sending = httpRequest(url, { method: "POST", agent, headers });
    sending.on("error", reject);
    sending.on("response", (response: IncomingMessage) => {
      json(response).then(
        (answer) => resolve({ status: response.statusCode ?? 0, body: answer as Answer["body"] }),
        reject,
      );
    });
    sending.end(JSON.stringify(body));
  });
}
