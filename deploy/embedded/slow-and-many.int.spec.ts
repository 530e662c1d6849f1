import { once } from "node:events";
import { describe, expect, it, jest } from "@jest/globals";
import { added, groupOf, send, sends } from "@chat/shared/testing/chat-facts";
import { eventually } from "@chat/shared/testing/eventually";
import type { SocketClient } from "@chat/shared/testing/socket-client";
import { withRealtime } from "./testing/with-realtime.ts";

jest.setTimeout(120_000);
const chat = "0197a3c0-0000-7000-8000-000000000001";
const [alice, bob, eve] = ["1", "2", "3"] as const;
const wide = { within: 60_000 };
/** More than the kernel holds for a socket, after a few hundred. */
const LONG_TEXT = "x".repeat(16_000);

const seqs = (client: SocketClient): (number | undefined)[] => client.events().map(({ seq }) => seq);
const range = (from: number, upTo: number): number[] =>
  Array.from({ length: upTo - from + 1 }, (_, index) => from + index);

describe("a device that reads too slowly", () => {
  it("is closed with 4008 and goes on through its cursor: nothing is missing and nothing comes twice", () =>
    withRealtime(
      async (stack) => {
        await stack.append(chat, alice, groupOf(alice, bob));
        const slow = await stack.connect(bob);
        slow.ws.pause();
        let seq = 0;
        const closed = slow.closed.then(() => true);
        while (
          !(await Promise.race([closed, stack.append(chat, alice, send((seq += 1), LONG_TEXT)).then(() => false)]))
        ) {
          if (seq === 1_000) slow.ws.resume();
          if (seq > 1_500) throw new Error("it was not closed");
          await new Promise((resolve) => setImmediate(resolve));
        }
        expect(await slow.closed).toBe(4008);
        const again = await stack.connect(bob, `&cursor=${slow.cursor()}`);
        await eventually(() => expect([...seqs(slow).slice(0), ...seqs(again)]).toEqual(range(1, seq)), wide);
      },
      { maxQueueBytes: 256 * 1024 },
    ));

  it("is not told what still waits for it when its session is over", () =>
    withRealtime(
      async (stack) => {
        await stack.append(chat, alice, groupOf(alice, bob));
        const slow = await stack.connect(bob);
        slow.ws.pause();
        const all = range(1, 1_500);
        for (const seq of all) await stack.append(chat, alice, send(seq, LONG_TEXT));
        // The kernel takes no more of it, and much waits here.
        await eventually(
          async () => expect(await stack.metric("realtime_queue_bytes")).toBeGreaterThan(4_000_000),
          wide,
        );
        stack.endSession(bob);
        slow.ws.resume();
        await slow.closed;
        expect(seqs(slow).length).toBeLessThan(all.length - 100);
      },
      { maxQueueBytes: 64 * 1024 * 1024 },
    ));

  it("while it is told what it missed holds up nobody, and waits in bounded memory", () =>
    withRealtime(
      async (stack) => {
        await stack.append(chat, alice, groupOf(alice, bob, eve));
        const [first, other] = [await stack.connect(bob), await stack.connect(eve)];
        first.ws.terminate();
        await first.closed;
        for (let seq = 1; seq <= 1_000; seq += 50) {
          await stack.append(chat, alice, ...range(seq, seq + 49).map((each) => send(each, LONG_TEXT)));
          await eventually(() => expect(other.events()).toHaveLength(seq + 49), wide);
        }
        const slow = await stack.connect(bob, `&cursor=${first.cursor()}`);
        slow.ws.pause();
        await stack.append(chat, alice, ...sends(1_001, 1_010));
        await eventually(() => expect(seqs(other)).toEqual(range(1, 1_010)), wide);
        // A slice and what the kernel takes, of the 16 MB that it missed.
        expect(await stack.metric("realtime_queue_bytes")).toBeLessThan(4 * 1024 * 1024);
        slow.ws.resume();
        await eventually(() => expect(seqs(slow)).toEqual(range(1, 1_010)), wide);
      },
      { maxQueueBytes: 256 * 1024 },
    ));

  it("or not at all is found by the heartbeat, and misses nothing when it is back", () =>
    withRealtime(
      async (stack) => {
        await stack.append(chat, alice, groupOf(alice, bob));
        const halfOpen = await stack.connect(bob, "&device=d", { autoPong: false });
        await once(halfOpen.ws, "ping");
        await stack.append(chat, alice, ...sends(1, 3));
        expect(await halfOpen.closed).toBe(4408);
        const again = await stack.connect(bob, "&device=d");
        await eventually(() => expect(seqs(again)).toEqual([1, 2, 3]));
      },
      { heartbeatMs: 400 },
    ));
});

describe("a device that was away for a hundred thousand events", () => {
  it("hears them all in order, and meanwhile others hear at once what happens", () =>
    withRealtime(async (stack) => {
      const [perChat, perAppend] = [10_000, 500];
      const chats = range(1, 10).map((n) => `0197a3c0-0000-7000-8000-0000000001${String(n).padStart(2, "0")}`);
      const away = await stack.connect(bob);
      away.ws.terminate();
      for (const chatId of chats) await stack.append(chatId, alice, groupOf(alice, bob));
      for (let seq = 1; seq < perChat; seq += perAppend) {
        for (const chatId of chats) await stack.append(chatId, alice, ...sends(seq, seq + perAppend - 1));
      }
      await stack.append(chat, alice, groupOf(alice, eve));
      await eventually(stack.projected, wide);
      await stack.pastIsIn("the journal");
      const other = await stack.connect(eve);
      const back = await stack.connect(bob, `&cursor=${away.cursor()}`);
      // Each waits for its own push, so a device that is told everything first would let only one through.
      let seq = 0;
      while (back.frames.length < (chats.length * perChat) / 2) {
        seq += 1;
        await stack.append(chat, alice, send(seq));
        await eventually(() => expect(seqs(other)).toHaveLength(seq), wide);
      }
      expect(seq).toBeGreaterThan(5);
      await eventually(() => expect(back.frames).toHaveLength(1 + chats.length * (perChat + 1)), wide);
      const byChat = Map.groupBy(back.events(), ({ chat_id: chatId }) => chatId);
      for (const chatId of chats) {
        expect(byChat.get(chatId)?.map(({ version }) => version)).toEqual(range(1, perChat + 1));
      }
    }));
});

describe("devices that all come back at once", () => {
  const DEVICES = 400;
  const PER_USER = 4;
  const users = range(1, DEVICES / PER_USER).map(String);

  it.each([
    ["with their cursors to the same instance: without a question to the database", "the window", true, 0],
    // Those who come while others are looked up are looked up together.
    ["without cursors: with at most one question for each", "the window", false, DEVICES],
    // Spans and events for each, a few at a time; names and chats for those whom it lets in.
    ["to an instance that was started since: with few questions for each", "the journal", true, 5 * DEVICES],
  ] as const)("%s", (_what, source, exact, most) =>
    withRealtime(async (stack) => {
      await stack.append(chat, "1", groupOf(...users.slice(0, 50)), added(users[50] ?? "", 0));
      await stack.append(chat, "1", ...users.slice(51).map((userId) => added(userId, 0)));
      await stack.projected();
      const names = users.flatMap((userId) =>
        range(1, PER_USER).map((device) => ({ userId, device: `&device=${device}` })),
      );
      const before = await Promise.all(names.map(({ userId, device }) => stack.connect(userId, device)));
      for (const { ws } of before) ws.terminate();
      await Promise.all(before.map(({ closed }) => closed));
      await stack.append(chat, "1", ...sends(1, 20));
      await stack.pastIsIn(source);
      const questions = stack.questions().length;
      const after = await Promise.all(
        names.map(({ userId, device }, index) =>
          stack.connect(userId, exact ? `${device}&cursor=${before[index]?.cursor()}` : device),
        ),
      );
      await stack.append(chat, "1", send(21));
      await eventually(
        () => expect(new Set(after.map((client) => seqs(client).join()))).toEqual(new Set([range(1, 21).join()])),
        wide,
      );
      expect(stack.questions().length - questions).toBeLessThanOrEqual(most);
    }),
  );
});
