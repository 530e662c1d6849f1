import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, jest } from "@jest/globals";
import type { ChatEvent } from "@chat/shared/events/chat-events";
import { eventually } from "@chat/shared/testing/eventually";
import { openSocket, type SocketClient } from "@chat/shared/testing/socket-client";
import { type PushStack, withRealtime } from "./testing/with-realtime.ts";

jest.setTimeout(60_000);
const within = { within: 20_000 };
const chat = "0197a3c0-0000-7000-8000-000000000001";
const [alice, bob, carol, eve] = ["1", "2", "3", "4"] as const;

const groupOf = (...users: readonly string[]): ChatEvent => ({
  type: "ChatCreated",
  chatType: "group",
  content: { title: "the team", description: null },
  members: users.map((userId, index) => ({ userId, role: index === 0 ? "owner" : "member" })),
});
const added = (userId: string): ChatEvent => ({
  type: "MembersAdded",
  members: [{ userId, role: "member" }],
  readUpTo: 0,
});

const typing = (userId: string, isTyping: boolean) => ({
  type: "typing",
  chat_id: chat,
  payload: { user_id: userId, is_typing: isTyping },
});
const say = (client: SocketClient, isTyping: boolean, id = "t") =>
  client.send({ type: "typing", id, chat_id: chat, is_typing: isTyping });
const typed = ({ signals }: SocketClient) => signals.filter(({ type }) => type === "typing");
/** What became of one person. Presence is a state: who comes while somebody connects may be told of twice. */
const statuses = ({ signals }: SocketClient, of: string) =>
  signals
    .flatMap(({ type, payload }) => (type === "presence" && payload?.["user_id"] === of ? [payload["status"]] : []))
    .filter((status, index, all) => status !== all[index - 1]);
/** Answers when all that the instance has pushed before was heard. */
async function settled(client: SocketClient): Promise<void> {
  const id = `settled ${client.frames.length}`;
  client.send({ type: "ping", id });
  await eventually(() => expect(client.frames.at(-1)).toMatchObject({ type: "reply", id }), within);
}

/** Two instances; whoever connects by `stack.connect` is at the second. */
const withTwo = (use: (stack: PushStack, atFirst: (userId: string) => Promise<SocketClient>) => Promise<void>) =>
  withRealtime(async (stack) => {
    await stack.append(chat, alice, groupOf(alice, bob));
    await stack.projected();
    await stack.another();
    const [first] = stack.ports();
    const opened: SocketClient[] = [];
    try {
      await use(stack, async (userId) => {
        const client = await openSocket(`ws://127.0.0.1:${first}${stack.path(userId)}`);
        opened.push(client);
        return client;
      });
    } finally {
      for (const { ws } of opened) ws.terminate();
    }
  });

describe("typing", () => {
  it("is told to the other members on every instance, and to nobody else", () =>
    withTwo(async (stack, atFirst) => {
      const [from, near, far, stranger] = [
        await atFirst(alice),
        await atFirst(bob),
        await stack.connect(bob),
        await stack.connect(eve),
      ];
      say(from, true);
      for (const one of [near, far]) await eventually(() => expect(typed(one)).toEqual([typing(alice, true)]), within);
      say(from, false);
      for (const one of [near, far]) {
        await eventually(() => expect(typed(one)).toEqual([typing(alice, true), typing(alice, false)]), within);
      }
      for (const one of [from, stranger]) {
        await settled(one);
        expect(typed(one)).toEqual([]);
      }
      expect(from.frames.filter(({ type }) => type === "reply").slice(0, 2)).toMatchObject([
        { ok: true },
        { ok: true },
      ]);
    }));

  it("of whoever is no member is refused, and said again and again it is told once", () =>
    withTwo(async (stack) => {
      const [from, to, stranger] = [await stack.connect(alice), await stack.connect(bob), await stack.connect(eve)];
      say(stranger, true);
      await eventually(
        () => expect(stranger.frames.at(-1)).toMatchObject({ ok: false, error: { code: "not_found" } }),
        within,
      );
      for (let count = 0; count < 20; count += 1) say(from, true);
      say(from, false, "last");
      await eventually(() => expect(typed(to)).toEqual([typing(alice, true), typing(alice, false)]), within);
    }));

  it("is told as it was said last, however quickly it was said", () =>
    withTwo(async (stack, atFirst) => {
      const [from, to] = [await atFirst(alice), await stack.connect(bob)];
      for (const isTyping of [true, false, true]) say(from, isTyping);
      const [started, stopped] = [typing(alice, true), typing(alice, false)];
      await eventually(() => expect(typed(to).slice(0, 3)).toEqual([started, stopped, started]), within);
    }));

  it("ends with the socket on which it was said", () =>
    withTwo(async (stack) => {
      const [from, to] = [await stack.connect(alice), await stack.connect(bob)];
      say(from, true);
      await eventually(() => expect(typed(to)).toHaveLength(1), within);
      from.ws.terminate();
      await eventually(() => expect(typed(to)).toEqual([typing(alice, true), typing(alice, false)]), within);
    }));

  it("is told to who was removed no more, from the first byte after it on, and never replayed", () =>
    withTwo(async (stack, atFirst) => {
      await stack.append(chat, alice, added(carol));
      const [from, gone, stays] = [await atFirst(alice), await stack.connect(carol), await stack.connect(bob)];
      say(from, true);
      await eventually(() => expect(typed(gone)).toHaveLength(1), within);
      await stack.append(chat, alice, { type: "MemberRemoved", userId: carol });
      await eventually(() => expect(from.frames.at(-1)).toMatchObject({ type: "member_removed" }), within);
      say(from, false);
      await eventually(() => expect(typed(stays)).toHaveLength(2), within);
      await eventually(() => expect(gone.frames.at(-1)).toMatchObject({ type: "member_removed" }), within);
      await settled(gone);
      expect(typed(gone)).toHaveLength(1);
      const late = await stack.connect(bob);
      await settled(late);
      expect(typed(late)).toEqual([]);
    }));
});

describe("presence", () => {
  it("is told to those who share a chat, when somebody comes, when the last of his devices is gone, and on connecting", () =>
    withTwo(async (stack, atFirst) => {
      const [watching, stranger] = [await stack.connect(bob), await stack.connect(eve)];
      const [one, other] = [await atFirst(alice), await stack.connect(alice)];
      await eventually(() => expect(statuses(watching, alice)).toEqual(["online"]), within);
      await eventually(() => expect(statuses(one, bob)).toEqual(["online"]), within);
      await eventually(() => expect(statuses(other, bob)).toEqual(["online"]), within);
      one.ws.close();
      await one.closed;
      // Longer than the grace for those who come back: the other device must keep her online.
      await sleep(2_500);
      expect(statuses(watching, alice)).toEqual(["online"]);
      other.ws.close();
      await eventually(() => expect(statuses(watching, alice)).toEqual(["online", "offline"]), within);
      await settled(stranger);
      expect(stranger.signals).toEqual([]);
    }));

  it("is right after the crash of an instance: who was there is offline, unless he is elsewhere", () =>
    withTwo(async (stack, atFirst) => {
      await stack.append(chat, alice, added(carol));
      const watching = await stack.connect(bob);
      await atFirst(alice);
      await atFirst(carol);
      await stack.connect(carol);
      for (const who of [alice, carol])
        await eventually(() => expect(statuses(watching, who)).toEqual(["online"]), within);
      const crashedAt = performance.now();
      stack.vanish();
      await eventually(() => expect(statuses(watching, alice)).toEqual(["online", "offline"]), within);
      process.stdout.write(`    offline ${Math.round(performance.now() - crashedAt)} ms after the crash\n`);
      expect(statuses(watching, carol)).toEqual(["online"]);
    }));

  it("is told both ways when somebody is let in, and no more to who was removed", () =>
    withTwo(async (stack, atFirst) => {
      const [inside, comes] = [await atFirst(alice), await stack.connect(eve)];
      await stack.append(chat, alice, added(eve));
      await eventually(() => expect(statuses(comes, alice).at(-1)).toBe("online"), within);
      await eventually(() => expect(statuses(inside, eve).at(-1)).toBe("online"), within);
      await stack.append(chat, alice, { type: "MemberRemoved", userId: eve });
      await eventually(() => expect(comes.frames.at(-1)).toMatchObject({ type: "member_removed" }), within);
      const heard = comes.signals.length;
      const stays = await stack.connect(bob);
      await eventually(() => expect(statuses(stays, alice)).toEqual(["online"]), within);
      inside.ws.close();
      await eventually(() => expect(statuses(stays, alice)).toEqual(["online", "offline"]), within);
      await settled(comes);
      expect(comes.signals).toHaveLength(heard);
    }));
});
