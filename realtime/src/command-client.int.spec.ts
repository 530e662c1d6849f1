import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "@jest/globals";
import type { CommandCaller, CommandPort, SendMessage } from "@chat/shared/commands/command-port";
import { createAccessTokens } from "@chat/shared/identity/access-token";
import type { UserId } from "@chat/shared/ids";
import { createLogger } from "@chat/shared/telemetry/logger";
import { createCommandClient } from "./command-client.ts";

const chatId = "0197a3c0-0000-7000-8000-000000000001";
const caller: CommandCaller = { userId: "7" as UserId, sessionId: "session" };
const tokens = createAccessTokens({ secret: "a secret that is long enough for HS256", lifetimeSeconds: 60 });
const logger = createLogger({ service: "spec", level: "silent" });
const sendOf = (text: string): SendMessage => ({
  type: "SendMessage",
  chatId,
  text,
  clientMessageId: "key",
  replyTo: null,
});

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly body: string;
  readonly caller: CommandCaller;
}

type Answer = { readonly status: number; readonly body: string } | "hang up";

/** A command-api that notes what it is asked and gives these answers, one for each request. */
async function withCommandApi(
  answers: Answer[],
  use: (commands: CommandPort, seen: readonly Seen[]) => Promise<void>,
): Promise<void> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    void (async () => {
      const body = await textOf(request);
      const token = request.headers.authorization?.replace("Bearer ", "") ?? "";
      seen.push({ method: request.method, url: request.url, body, caller: tokens.verify(token) });
      const answer = answers.shift() ?? "hang up";
      if (answer === "hang up") request.socket.destroy();
      else response.writeHead(answer.status, { "Content-Type": "application/json" }).end(answer.body);
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const { port } = server.address() as AddressInfo;
    await use(createCommandClient({ url: `http://127.0.0.1:${port}`, tokens, logger }), seen);
  } finally {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

describe("commands over HTTP", () => {
  it("are sent as the caller, and a repeat is told from the first time", () =>
    withCommandApi(
      [
        { status: 201, body: '{"id":"m"}' },
        { status: 200, body: '{"id":"m"}' },
      ],
      async (commands, seen) => {
        const message = { id: "m" };
        expect(await commands(caller, sendOf("hi"))).toEqual({ type: "MessageSent", repeated: false, message });
        expect(await commands(caller, sendOf("hi"))).toEqual({ type: "MessageSent", repeated: true, message });
        expect(seen[0]).toMatchObject({ method: "POST", url: `/api/chats/${chatId}/messages`, caller });
        expect(JSON.parse(seen[0]?.body ?? "")).toEqual({ text: "hi", client_message_id: "key", reply_to: null });
      },
    ));

  it("that read name a seq or a message", () => {
    const read = { status: 200, body: '{"read_up_to":3,"fully_read":true,"unread_count":1}' };
    return withCommandApi([read, read], async (commands, seen) => {
      const bySeq = await commands(caller, { type: "MarkRead", chatId, upTo: 3, messageId: null });
      expect(bySeq).toEqual({ type: "Read", chatId, readUpTo: 3, fullyRead: true, unreadCount: 1 });
      await commands(caller, { type: "MarkRead", chatId, upTo: null, messageId: `${chatId}.3` });
      expect(seen.map(({ method, url }) => `${method ?? ""} ${url ?? ""}`)).toEqual([
        `POST /api/chats/${chatId}/read`,
        `PUT /api/messages/${chatId}.3/read`,
      ]);
    });
  });

  it("of one caller in one chat keep their order", () => {
    const texts = Array.from({ length: 30 }, (_, index) => `message ${index}`);
    const answers = texts.map(() => ({ status: 201, body: "{}" }));
    return withCommandApi(answers, async (commands, seen) => {
      await Promise.all(texts.map((text) => commands(caller, sendOf(text))));
      expect(seen.map(({ body }) => (JSON.parse(body) as { text: string }).text)).toEqual(texts);
    });
  });

  it("that are refused are refused with the same code, and the next one goes out", () =>
    withCommandApi(
      [
        { status: 404, body: '{"code":"not_found","detail":"There is no such chat."}' },
        { status: 201, body: "{}" },
      ],
      async (commands) => {
        const [first, second] = [commands(caller, sendOf("a")), commands(caller, sendOf("b"))];
        await expect(first).rejects.toMatchObject({ code: "not_found", message: "There is no such chat." });
        await expect(second).resolves.toMatchObject({ type: "MessageSent" });
      },
    ));

  it.each<[string, Answer]>([
    ["no answer", "hang up"],
    ["an answer that is no JSON", { status: 502, body: "<html>" }],
    ["an answer of somebody else", { status: 502, body: '{"code":"BAD_GATEWAY"}' }],
  ])("whose answer is lost have an unknown outcome: %s", (_what, answer) =>
    withCommandApi([answer], async (commands) => {
      await expect(commands(caller, sendOf("a"))).rejects.toMatchObject({ code: "outcome_unknown" });
    }),
  );

  it("that reach nobody did not happen", async () => {
    let gone: CommandPort | undefined;
    await withCommandApi([], async (commands) => {
      gone = commands;
    });
    await expect(gone?.(caller, sendOf("a"))).rejects.toMatchObject({ code: "unavailable" });
  });
});
