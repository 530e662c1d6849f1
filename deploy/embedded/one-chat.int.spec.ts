import { once } from "node:events";
import { describe, expect, it, jest } from "@jest/globals";
import { WebSocket } from "ws";
import { encodeCursor } from "@chat/shared/log/cursor";
import { added, edited, groupOf, removed, send, sends } from "@chat/shared/testing/chat-facts";
import { eventually } from "@chat/shared/testing/eventually";
import { createFrameCheck } from "@chat/shared/testing/frame-check";
import { refusedHandshake, type SocketClient } from "@chat/shared/testing/socket-client";
import { withRealtime } from "./testing/with-realtime.ts";

jest.setTimeout(60_000);
/** In different partitions. */
const chat = "0197a3c0-0000-7000-8000-000000000001";
const other = "0197a3c0-0000-7000-8000-000000000002";
const [alice, bob] = ["1", "2"] as const;

const heard = (client: SocketClient): string[] =>
  client.events().map(({ chat_id: chatId, version }) => `${chatId === chat ? "chat" : "other"} ${version}`);
const inChat = (from: number, upTo: number): string[] =>
  Array.from({ length: upTo - from + 1 }, (_, index) => `chat ${from + index}`);
const ofChat = `&chat=${chat}`;

async function cut(client: SocketClient): Promise<void> {
  client.ws.terminate();
  await client.closed;
}

describe("a socket that shows one chat", () => {
  it("hears of this chat and of no other", () =>
    withRealtime(async (stack) => {
      for (const chatId of [chat, other]) await stack.append(chatId, alice, groupOf(alice, bob));
      const one = await stack.connect(bob, ofChat);
      const all = await stack.connect(bob, "&device=all");
      for (const chatId of [other, chat, other]) await stack.append(chatId, alice, ...sends(1, 2));
      await eventually(() => expect(all.events()).toHaveLength(6));
      expect(heard(one)).toEqual(inChat(2, 3));
    }));

  it.each([["the window"], ["the journal"]] as const)(
    "is told from %s what it missed there, and only there",
    (source) =>
      withRealtime(
        async (stack) => {
          for (const chatId of [chat, other]) await stack.append(chatId, alice, groupOf(alice, bob));
          const first = await stack.connect(bob, ofChat);
          await stack.append(chat, alice, ...sends(1, 3));
          await eventually(() => expect(heard(first)).toEqual(inChat(2, 4)));
          await once(first.ws, "ping");
          await once(first.ws, "ping");
          await cut(first);
          await stack.append(chat, alice, ...sends(4, 40));
          await stack.append(other, alice, ...sends(1, 40));
          await stack.pastIsIn(source);
          const second = await stack.connect(bob, ofChat);
          await stack.append(chat, alice, send(41));
          await eventually(() => expect(heard(second).at(-1)).toBe("chat 42"));
          expect(heard(second)).toEqual(inChat(5, 42));
        },
        { heartbeatMs: 500 },
      ),
  );

  it("proves nothing of other chats, nor do others prove anything of it", () =>
    withRealtime(
      async (stack) => {
        for (const chatId of [chat, other]) await stack.append(chatId, alice, groupOf(alice, bob));
        const all = await stack.connect(bob, "&device=phone", { autoPong: false });
        const one = await stack.connect(bob, `&device=phone${ofChat}`);
        await stack.append(chat, alice, ...sends(1, 2));
        await stack.append(other, alice, ...sends(1, 2));
        await eventually(() => expect(all.events()).toHaveLength(4));
        await eventually(() => expect(one.events()).toHaveLength(2));
        await once(one.ws, "ping");
        await once(one.ws, "ping");
        for (const client of [all, one]) await cut(client);
        const again = [
          await stack.connect(bob, "&device=phone"),
          await stack.connect(bob, `&device=phone${ofChat}`),
          await stack.connect(bob, `&device=phone&chat=${other}`),
        ];
        await stack.append(chat, alice, send(3));
        await stack.append(other, alice, send(3));
        await eventually(() => expect(again.map((client) => heard(client).length)).toEqual([6, 1, 1]));
        expect(again.slice(1).map(heard)).toEqual([["chat 4"], ["other 4"]]);
      },
      { heartbeatMs: 500 },
    ));

  it("begins where its client says, and goes on exactly behind the last `at`", () =>
    withRealtime(async (stack) => {
      const start = (await stack.connect(bob, "&device=start")).cursor();
      await stack.append(chat, alice, groupOf(alice, bob), ...sends(1, 5));
      await stack.append(other, alice, groupOf(alice, bob), ...sends(1, 5));
      const first = await stack.connect(bob, `${ofChat}&cursor=${start}`);
      await eventually(() => expect(heard(first)).toEqual(inChat(1, 6)));
      await stack.append(chat, alice, ...sends(6, 8));
      const second = await stack.connect(bob, `${ofChat}&cursor=${first.events()[3]?.at}`);
      await eventually(() => expect(heard(second)).toEqual(inChat(5, 9)));
    }));

  it("is closed with 4403 when its user is removed, after he was told so and before anything that follows", () =>
    withRealtime(async (stack) => {
      await stack.append(chat, alice, groupOf(alice, bob));
      const one = await stack.connect(bob, ofChat);
      const start = one.cursor();
      await stack.append(chat, alice, send(1), removed(bob), send(2), added(bob, 2), send(3));
      expect(await one.closed).toBe(4403);
      expect(one.events().map(({ type }) => type)).toEqual(["new_message", "member_removed"]);
      // He is in again: what was his to hear comes, and what happened while he was out does not.
      const again = await stack.connect(bob, `${ofChat}&cursor=${start}`);
      await eventually(() => expect(heard(again)).toEqual(["chat 2", "chat 3", "chat 5", "chat 6"]));
    }));

  it.each([
    ["made up", "garbage"],
    ["of another log, which no frame of it could say", encodeCursor("another log", [1, 1, 1, 1])],
  ])("of a dialect is refused with a cursor that is %s", (_what, cursor) =>
    withRealtime(async (stack) => {
      await stack.append(chat, alice, groupOf(alice, bob));
      const query = `${stack.path(bob).replace("/ws", "")}&cursor=${cursor}`;
      for (const path of [`/chat/${chat}`, `/ws/${chat}`, `/ws/${bob}/${chat}`, `/ws/${bob}`, "/ws/notif"]) {
        const refused = await refusedHandshake(stack.port(), `${path}${query}&quiet=1`);
        expect({ path, ...refused }).toEqual({ path, status: 422, code: "validation_failed" });
      }
    }),
  );

  it("of a dialect proves within moments what it was told, so that who leaves and comes back is not told again", () =>
    withRealtime(
      async (stack) => {
        await stack.append(chat, alice, groupOf(alice, bob));
        const rest = `${bob}/${chat}${stack.path(bob).replace("/ws", "")}&device=desk`;
        const open = async (): Promise<{ ws: WebSocket; texts: string[] }> => {
          const url = `ws://127.0.0.1:${stack.port()}/ws/${rest}`;
          const checkFrame = createFrameCheck(url);
          const ws = new WebSocket(url);
          const texts: string[] = [];
          ws.on("message", (data: Buffer) => {
            checkFrame(data.toString());
            texts.push(data.toString());
          });
          await once(ws, "open");
          return { ws, texts };
        };
        const first = await open();
        await stack.append(chat, alice, send(1, "once"));
        await eventually(() => expect(first.texts).toHaveLength(1));
        await once(first.ws, "ping");
        first.ws.close();
        await once(first.ws, "close");
        const second = await open();
        await stack.append(chat, alice, send(2, "then"));
        await eventually(() => expect(second.texts.join()).toContain("then"));
        expect(second.texts).toHaveLength(1);
      },
      // Longer than this spec may take: no heartbeat proves anything here.
      { heartbeatMs: 100_000 },
    ));

  it("is refused to whoever is not in the chat, and open to one who was let in a moment ago", () =>
    withRealtime(async (stack) => {
      await stack.append(chat, alice, groupOf(alice));
      for (const chatId of [chat, other, "7", "x"]) {
        const refused = await refusedHandshake(stack.port(), `${stack.path(bob)}&chat=${chatId}`);
        expect(refused).toEqual({ status: 403, code: "forbidden" });
      }
      await stack.append(chat, alice, added(bob, 0), edited(1, "x"));
      await stack.connect(bob, ofChat);
    }));
});
