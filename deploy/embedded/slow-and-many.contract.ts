import { describe, expect, it } from "@jest/globals";
import type { RealtimeOptions } from "@chat/realtime/service";
import { added, groupOf, send, sends } from "@chat/shared/testing/chat-facts";
import { eventually } from "@chat/shared/testing/eventually";
import type { SocketClient } from "@chat/shared/testing/socket-client";
import type { LogKind } from "./testing/with-log.ts";
import { type PushStack, withRealtime } from "./testing/with-realtime.ts";

const chat = "0197a3c0-0000-7000-8000-000000000001";
const [alice, bob, eve] = ["1", "2", "3"] as const;
const wide = { within: 60_000 };
const CHATS = 10;
const PER_APPEND = 500;
const PER_USER = 4;
const CONNECTED_AT_ONCE = 100;

const seqs = (client: SocketClient): (number | undefined)[] => client.events().map(({ seq }) => seq);
const range = (from: number, upTo: number): number[] =>
  Array.from({ length: upTo - from + 1 }, (_, index) => from + index);

export interface Sizes {
  /** What one device missed, in all of its chats together: a multiple of 5,000. */
  readonly eventsAway: number;
  /** A multiple of eight: four of each user, half of whom found the group. */
  readonly devices: number;
  /** Open at once in one chat. */
  readonly sockets: number;
}

/** What holds wherever the log is, however much was missed and however many come back at once. */
export function longAwayAndManyRules(kind: LogKind, { eventsAway, devices, sockets }: Sizes): void {
  const withStack = (use: (stack: PushStack) => Promise<void>, limits?: RealtimeOptions["limits"]): Promise<void> =>
    withRealtime(use, limits, { log: kind });

  describe(`a device that was away for ${eventsAway} events, with the log in ${kind}`, () => {
    it("hears them all in order, and meanwhile others hear at once what happens", () =>
      withStack(async (stack) => {
        const perChat = eventsAway / CHATS;
        const chats = range(1, CHATS).map((n) => `0197a3c0-0000-7000-8000-0000000001${String(n).padStart(2, "0")}`);
        const away = await stack.connect(bob);
        away.ws.terminate();
        for (const chatId of chats) await stack.append(chatId, alice, groupOf(alice, bob));
        for (let seq = 1; seq < perChat; seq += PER_APPEND) {
          for (const chatId of chats) await stack.append(chatId, alice, ...sends(seq, seq + PER_APPEND - 1));
        }
        await stack.append(chat, alice, groupOf(alice, eve));
        await eventually(stack.projected, wide);
        await stack.pastIsIn("the journal");
        await stack.heard();
        const other = await stack.connect(eve);
        const back = await stack.connect(bob, `&cursor=${away.cursor()}`);
        // Each waits for its own push, so a device that is told everything first would let only one through.
        let seq = 0;
        while (back.frames.length < (chats.length * perChat) / 2) {
          seq += 1;
          await stack.append(chat, alice, send(seq));
          await eventually(() => expect(seqs(other)).toHaveLength(seq), wide);
        }
        expect(seq).toBeGreaterThan(eventsAway / 20_000);
        await eventually(() => expect(back.frames).toHaveLength(1 + chats.length * (perChat + 1)), wide);
        const byChat = Map.groupBy(back.events(), ({ chat_id: chatId }) => chatId);
        for (const chatId of chats) {
          expect(byChat.get(chatId)?.map(({ version }) => version)).toEqual(range(1, perChat + 1));
        }
      }));
  });

  describe(`${sockets} sockets of one chat, with the log in ${kind}`, () => {
    it("are each told every message once and in order", () =>
      withStack(
        async (stack) => {
          const users = range(1, sockets).map(String);
          await stack.append(chat, alice, groupOf(...users));
          await stack.projected();
          await stack.heard();
          const clients: SocketClient[] = [];
          for (let first = 0; first < sockets; first += CONNECTED_AT_ONCE) {
            const next = users.slice(first, first + CONNECTED_AT_ONCE);
            clients.push(...(await Promise.all(next.map((userId) => stack.connect(userId)))));
          }
          const all = range(1, 100);
          for (const seq of all) void stack.append(chat, alice, send(seq));
          await eventually(
            () => expect(clients.map(({ frames }) => frames.length)).toEqual(users.map(() => 1 + all.length)),
            wide,
          );
          for (const client of clients) expect(seqs(client)).toEqual(all);
        },
        { maxQueueBytes: 16 * 1024 * 1024 },
      ));
  });

  describe(`${devices} devices that all come back at once, with the log in ${kind}`, () => {
    const users = range(1, devices / PER_USER).map(String);
    const founders = users.length / 2;

    it.each([
      ["with their cursors to the same instance: without a question to the database", "the window", true, 0],
      // Those who come while others are looked up are looked up together.
      ["without cursors: with at most one question for each", "the window", false, devices],
      // Spans and events for each, a few at a time; names and chats for those whom it lets in.
      ["to an instance that was started since: with few questions for each", "the journal", true, 5 * devices],
    ] as const)("%s", (_what, source, exact, most) =>
      withStack(async (stack) => {
        await stack.append(chat, "1", groupOf(...users.slice(0, founders)), added(users[founders] ?? "", 0));
        await stack.append(chat, "1", ...users.slice(founders + 1).map((userId) => added(userId, 0)));
        await stack.projected();
        await stack.heard();
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
}
