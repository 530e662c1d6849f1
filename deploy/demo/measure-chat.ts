import { CannotStart } from "@chat/shared/cannot-start";
import { groupChatId, isUserId } from "@chat/shared/ids";
import type { BigDemo } from "./big-demo.ts";
import type { ChatApi } from "./chat-api.ts";
import { demoPassword } from "./conversations.ts";
import { textIn } from "./text-in.ts";

/** With those that warm up, all rows together stay below what one caller may read in a minute by default. */
const calls = 400;
const callsBefore = 20;
const pageSize = 50;

interface Options {
  readonly api: ChatApi;
  readonly plan: BigDemo;
  readonly say: (line: string) => void;
}

/** Reads as the first person of the big set does, one call at a time, and says how long the calls took. */
export async function measureChat({ api, plan, say }: Options): Promise<void> {
  const email = plan.email(0);
  const login = await api.call("POST", "/login", { body: { email, password: demoPassword } });
  if (login.status !== 200) throw new CannotStart(`${email} is not there: fill a chat with --big before it is started`);
  const [biggest] = plan.chats;
  const id = textIn(login.body, "id");
  if (biggest === undefined || !isUserId(id)) throw new Error("the plan has no chat, or its first person no id");
  const chatId = groupChatId(id, biggest.key);
  const token = textIn(login.body, "access_token");
  const anywhere = (): number => 1 + pageSize + Math.floor(Math.random() * (biggest.messages - pageSize));

  const rows: readonly (readonly [what: string, path: () => string])[] = [
    ["GET /chats?limit=20", () => "/chats?limit=20"],
    ["GET /chats?limit=100", () => "/chats?limit=100"],
    ["GET /unread", () => "/unread"],
    [
      `${pageSize} of ${biggest.messages} messages`,
      () => `/chats/${chatId}/messages?limit=${pageSize}&before=${anywhere()}`,
    ],
  ];
  for (const [what, path] of rows) {
    const tookMs: number[] = [];
    for (let call = 1; call <= callsBefore + calls; call += 1) {
      const began = performance.now();
      const { status } = await api.call("GET", path(), { token });
      if (status !== 200) throw new CannotStart(`${path()} was answered ${status}: was it filled with another --part?`);
      if (call > callsBefore) tookMs.push(performance.now() - began);
    }
    say(`${what}: median ${at(tookMs, 0.5)} ms, p99 ${at(tookMs, 0.99)} ms`);
  }
}

function at(values: readonly number[], share: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.floor(sorted.length * share)] ?? NaN).toFixed(1);
}
