import { describe, expect, it } from "@jest/globals";
import { groupOf, send, sends } from "@chat/shared/testing/chat-facts";
import { eventually } from "@chat/shared/testing/eventually";
import type { SocketClient } from "@chat/shared/testing/socket-client";
import type { LogKind } from "./testing/with-log.ts";
import { type PushStack, withRealtime } from "./testing/with-realtime.ts";

const wide = { within: 90_000 };
const CHATS = 10;
const MISSED = 40;
const SAID_MEANWHILE = 5;
const READS_AT_ONCE = 4;

const range = (from: number, upTo: number): number[] =>
  Array.from({ length: upTo - from + 1 }, (_, index) => from + index);
const seqs = (client: SocketClient) =>
  client.events().flatMap(({ type, seq }) => (type === "new_message" ? [seq] : []));

/** What holds wherever the log is, when all come back at once: a slice of what `npm run bench -- --only storm` does with 5,000. */
export function stormRules(kind: LogKind, sockets: number): void {
  const withStack = (use: (stack: PushStack) => Promise<void>): Promise<void> => withRealtime(use, {}, { log: kind });
  const perChat = sockets / CHATS;
  const chats = Array.from({ length: CHATS }, (_, index) => ({
    chatId: `0197a3c0-0000-7000-8000-0000000000${10 + index}`,
    userIds: Array.from({ length: perChat }, (_member, member) => String(1 + index * perChat + member)),
  }));

  describe(`${sockets} sockets that are dropped at once, with the log in ${kind}`, () => {
    it.each([
      ["from memory, without a question to the database", "the window", 0],
      // Spans and events for each; who connects is looked up with all who wait.
      ["from the journal, with few questions for each and few at once", "the journal", 3],
    ] as const)("are all resumed %s: nothing is missing and nothing comes twice", (_how, source, questionsEach) =>
      withStack(async (stack) => {
        for (const { chatId, userIds } of chats) await stack.append(chatId, userIds[0] ?? "", groupOf(...userIds));
        await stack.projected();
        await stack.heard();
        const devices = chats.flatMap(({ chatId, userIds }) => userIds.map((userId) => ({ chatId, userId })));
        const before = await Promise.all(devices.map(({ userId }) => stack.connect(userId, "&device=d")));
        stack.dropAll();
        await Promise.all(before.map(({ closed }) => closed));
        for (const { chatId, userIds } of chats) await stack.append(chatId, userIds[0] ?? "", ...sends(1, MISSED));
        await stack.pastIsIn(source);
        const asked = stack.questions().length;

        const comingBack = devices.map(({ userId }, index) =>
          stack.connect(userId, `&device=d&cursor=${before[index]?.cursor()}`),
        );
        for (let n = 1; n <= SAID_MEANWHILE; n += 1) {
          for (const { chatId, userIds } of chats) await stack.append(chatId, userIds[0] ?? "", send(MISSED + n));
        }
        const after = await Promise.all(comingBack);
        const all = range(1, MISSED + SAID_MEANWHILE);
        await eventually(
          () => expect(new Set(after.map((client) => seqs(client).join()))).toEqual(new Set([all.join()])),
          wide,
        );
        expect(stack.questions().length - asked).toBeLessThanOrEqual(questionsEach * devices.length);
        expect(stack.mostAtOnce("catch-up")).toBeLessThanOrEqual(READS_AT_ONCE);
        expect(await stack.metric("realtime_journal_reads_most")).toBe(source === "the journal" ? READS_AT_ONCE : 0);
        expect(await stack.metric("realtime_journal_reads_waiting")).toBe(0);
        expect(await stack.metric("realtime_devices")).toBe(devices.length);
      }),
    );
  });
}
