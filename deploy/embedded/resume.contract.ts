import { once } from "node:events";
import { describe, expect, it } from "@jest/globals";
import type { RealtimeOptions } from "@chat/realtime/service";
import { decodeCursor, encodeCursor } from "@chat/shared/log/cursor";
import { added, attached, deleted, edited, groupOf, removed, send, sends } from "@chat/shared/testing/chat-facts";
import { eventually } from "@chat/shared/testing/eventually";
import { refusedHandshake, type SocketClient } from "@chat/shared/testing/socket-client";
import type { LogKind } from "./testing/with-log.ts";
import { type PushStack, withRealtime } from "./testing/with-realtime.ts";

/** In different partitions. */
const chat = "0197a3c0-0000-7000-8000-000000000001";
const other = "0197a3c0-0000-7000-8000-000000000002";
const [alice, bob, eve] = ["1", "2", "3"] as const;

/** What was told, short: the version and, of messages, the text. */
const told = (client: SocketClient, chatId = chat): string[] =>
  client
    .events()
    .filter(({ chat_id }) => chat_id === chatId)
    .map(({ type, version, payload }) => [version, type, payload?.["text"]].filter(Boolean).join(" "));
const versions = (client: SocketClient, chatId = chat): (number | undefined)[] =>
  client
    .events()
    .filter(({ chat_id }) => chat_id === chatId)
    .map(({ version }) => version);
const range = (from: number, upTo: number): number[] =>
  Array.from({ length: upTo - from + 1 }, (_, index) => from + index);

/** A device is cut off without a word. */
async function cut(client: SocketClient): Promise<void> {
  client.ws.terminate();
  await client.closed;
}

/** Where what was missed is read from: memory, where a running instance has it, or the journal for one that was started since. */
const sources = [["the window"], ["the journal"]] as const;

/** The same is told from both. */
async function fromBoth(stack: PushStack, check: () => Promise<void>): Promise<void> {
  for (const [source] of sources) {
    await stack.pastIsIn(source);
    await check().catch((error: unknown) => {
      throw new Error(`from ${source}: ${String(error)}`, { cause: error });
    });
  }
}

/** What holds wherever the log is: a device that comes back misses nothing and hears nothing that is not its user's. */
export function resumeRules(kind: LogKind): void {
  const withStack = (use: (stack: PushStack) => Promise<void>, limits?: RealtimeOptions["limits"]): Promise<void> =>
    withRealtime(use, limits, { log: kind });

  describe(`a device that comes back, with the log in ${kind}`, () => {
    it.each(sources)("with its exact cursor is told from %s what it missed, in order and nothing twice", (source) =>
      withStack(async (stack) => {
        await stack.append(chat, alice, groupOf(alice, bob), ...sends(1, 3));
        await stack.heard();
        const first = await stack.connect(bob);
        await stack.append(chat, alice, ...sends(4, 6));
        await eventually(() => expect(versions(first)).toEqual([5, 6, 7]));
        await cut(first);
        await stack.append(chat, alice, ...sends(7, 300));
        await stack.append(other, alice, groupOf(alice, bob), ...sends(1, 20));
        await stack.pastIsIn(source);
        const second = await stack.connect(bob, `&cursor=${first.cursor()}`);
        expect(second.frames[0]).toMatchObject({ type: "ready", resumed: true, cursor: first.cursor() });
        await stack.append(chat, alice, ...sends(301, 310));
        await eventually(() => expect(versions(second)).toEqual(range(8, 311)));
        expect(versions(second, other)).toEqual(range(1, 21));
      }),
    );

    it.each(sources)("goes on from %s exactly behind whichever `at` it names", (source) =>
      withStack(async (stack) => {
        const start = await stack.connect(bob, "&device=start");
        await stack.append(chat, alice, groupOf(alice, bob), ...sends(1, 10));
        await stack.append(other, alice, groupOf(alice, bob), ...sends(1, 10));
        await stack.pastIsIn(source);
        const all = await stack.connect(bob, `&cursor=${start.frames[0]?.cursor}&device=all`);
        await eventually(() => expect(all.events()).toHaveLength(22));
        const whole = all.events().map(({ chat_id, version }) => `${chat_id} ${version}`);
        for (const [index, { at }] of all.events().entries()) {
          const rest = await stack.connect(bob, `&cursor=${at}&device=rest`);
          await eventually(() => expect(rest.events()).toHaveLength(21 - index));
          // Partitions come in turn, so what was told before and what comes now are all that there is, once.
          const both = [
            ...whole.slice(0, index + 1),
            ...rest.events().map(({ chat_id, version }) => `${chat_id} ${version}`),
          ];
          expect([...both].sort()).toEqual([...whole].sort());
          expect(rest.cursor()).toBe(all.cursor());
          rest.ws.close();
        }
      }),
    );

    it("hears from the journal to the letter what was said when it happened", () =>
      withStack(async (stack) => {
        const start = await stack.connect(bob);
        const told = (client: SocketClient) => client.events().map(({ at: _at, ...frame }) => frame);
        await stack.append(chat, alice, groupOf(alice, bob), send(1, 'He said: "\\"'), send(2, "Привет, 👋\u2028"));
        await stack.append(chat, bob, { type: "MessageSent", seq: 3, replyTo: 1, content: { text: "an answer" } });
        await stack.append(chat, alice, send(4), attached(4, 1, "plan.txt"), send(5), deleted(5), send(6));
        await stack.append(chat, bob, { type: "MessageRead", upTo: 6, from: 0, named: null });
        await stack.append(chat, alice, { type: "MemberRoleChanged", userId: bob, role: "admin" }, added(eve, 6));
        await eventually(() => expect(told(start)).toHaveLength(12));
        await stack.pastIsIn("the journal");
        const late = await stack.connect(bob, `&cursor=${start.frames[0]?.cursor}&device=late`);
        await eventually(() => expect(told(late)).toHaveLength(12));
        // But for what is gone or has come since: a message is told as it is by now.
        const [asItWas, asItIs] = [told(start), told(late)];
        for (const index of [6, 4]) expect(asItIs.splice(index, 1)).not.toEqual(asItWas.splice(index, 1));
        expect(asItIs).toEqual(asItWas);
      }));

    it("without a cursor goes on where its pongs or acks prove that it was", () =>
      withStack(
        async (stack) => {
          await stack.append(chat, alice, groupOf(alice, bob));
          await stack.heard();
          const [proves, acks, mute] = [
            await stack.connect(bob, "&device=proves"),
            await stack.connect(bob, "&device=acks", { autoPong: false }),
            await stack.connect(bob, "&device=mute", { autoPong: false }),
          ];
          expect([proves, acks, mute].map(({ frames }) => frames[0]?.resumed)).toEqual([false, false, false]);
          await stack.append(chat, alice, ...sends(1, 5));
          for (const client of [proves, acks, mute]) await eventually(() => expect(client.events()).toHaveLength(5));
          acks.send({ type: "ack", at: acks.events()[2]?.at, id: "ack" });
          await eventually(() => expect(acks.frames.at(-1)).toMatchObject({ type: "reply", ok: true }));
          const pinged = once(proves.ws, "ping");
          await pinged;
          await once(proves.ws, "ping");
          for (const client of [proves, acks, mute]) await cut(client);
          await stack.append(chat, alice, send(6));
          const again = [
            await stack.connect(bob, "&device=proves"),
            await stack.connect(bob, "&device=acks"),
            await stack.connect(bob, "&device=mute"),
          ];
          expect(again.map(({ frames }) => frames[0]?.resumed)).toEqual([true, true, true]);
          await eventually(() =>
            expect(again.map((client) => versions(client))).toEqual([[7], range(5, 7), range(2, 7)]),
          );
        },
        { heartbeatMs: 500 },
      ));

    it("with an ack of what it was not told is refused the ack", () =>
      withStack(async (stack) => {
        await stack.heard();
        const client = await stack.connect(bob);
        const ahead = decodeCursor(client.frames[0]?.cursor ?? "")?.offsets.map((offset) => offset + 1) ?? [];
        for (const cursor of [
          encodeCursor(stack.log.id, ahead),
          encodeCursor("another", ahead),
          encodeCursor(stack.log.id, [1]),
        ]) {
          client.send({ type: "ack", cursor, id: cursor });
        }
        await eventually(() => expect(client.frames).toHaveLength(4));
        expect(client.frames.slice(1).map(({ ok }) => ok)).toEqual([false, false, false]);
      }));

    it("finds its place on another instance, after a crash of the one that it was on", () =>
      withStack(
        async (stack) => {
          await stack.append(chat, alice, groupOf(alice, bob));
          await stack.heard();
          const first = await stack.connect(bob);
          await stack.append(chat, alice, ...sends(1, 5));
          await eventually(() => expect(versions(first)).toEqual(range(2, 6)));
          await stack.isStored(first.cursor());
          await stack.crash();
          await stack.append(chat, alice, ...sends(6, 8));
          await stack.pastIsIn("the journal");
          const second = await stack.connect(bob);
          await eventually(() => expect(versions(second).slice(-3)).toEqual([7, 8, 9]));
          expect(second.frames[0]).toMatchObject({ resumed: true });
          expect(versions(second)).toEqual(range(versions(second)[0] ?? 0, 9));
        },
        { heartbeatMs: 500 },
      ));

    it("has the lowest place of all its sockets, and one that ended without a word counts until the next takes it up", () =>
      withStack(
        async (stack) => {
          await stack.append(chat, alice, groupOf(alice, bob));
          await stack.heard();
          const proves = await stack.connect(bob, "&device=d");
          const mute = await stack.connect(bob, "&device=d", { autoPong: false });
          await stack.append(chat, alice, ...sends(1, 3));
          for (const client of [proves, mute]) await eventually(() => expect(client.events()).toHaveLength(3));
          await once(proves.ws, "ping");
          await cut(mute);
          const heir = await stack.connect(bob, "&device=d");
          await eventually(() => expect(versions(heir)).toEqual([2, 3, 4]));
          await once(heir.ws, "ping");
          await once(heir.ws, "ping");
          proves.ws.close();
          heir.ws.close();
          await heir.closed;
          await stack.append(chat, alice, send(4));
          const last = await stack.connect(bob, "&device=d");
          await eventually(() => expect(versions(last)).toEqual([5]));
        },
        { heartbeatMs: 500 },
      ));

    it("is told to fetch a snapshot when its cursor is of another log, and only then", () =>
      withStack(async (stack) => {
        await stack.append(chat, alice, groupOf(alice, bob));
        await stack.heard();
        const client = await stack.connect(bob, `&cursor=${encodeCursor("another log", [1, 1, 1, 1])}`);
        await eventually(() => expect(client.frames.map(({ type }) => type)).toEqual(["ready", "resync"]));
        expect(client.frames[0]).toMatchObject({ resumed: false });
        await stack.append(chat, alice, send(1));
        await eventually(() => expect(client.events()).toHaveLength(1));
      }));

    it("is refused before the handshake with a cursor that is made up, of other partitions, or beyond the end of the log", () =>
      withStack(async ({ log, port, path }) => {
        const cursors = {
          "made up": "made-up!",
          empty: "",
          "of another number of partitions": encodeCursor(log.id, [1, 1, 1]),
          "of another log and another number of partitions": encodeCursor("another log", [1, 1, 1, 1, 1]),
          "five characters that anybody may type": "AAAAA",
          "a thousand of them": "A".repeat(1_000),
          "beyond the end of the log": encodeCursor(log.id, [1, 1_000_000, 1, 1]),
        };
        for (const [what, cursor] of Object.entries(cursors)) {
          const answer = await refusedHandshake(port(), `${path(bob)}&cursor=${cursor}`);
          expect({ what, ...answer }).toEqual({ what, status: 422, code: "validation_failed" });
        }
      }));

    it("is served a short gap from memory, without a question to the database", () =>
      withStack(async (stack) => {
        await stack.append(chat, alice, groupOf(alice, bob));
        await stack.heard();
        const first = await stack.connect(bob);
        await cut(first);
        await stack.append(chat, alice, ...sends(1, 50));
        await stack.projected();
        const before = stack.questions();
        const second = await stack.connect(bob, `&cursor=${first.cursor()}`);
        await eventually(() => expect(versions(second)).toEqual(range(2, 51)));
        expect(stack.questions().slice(before.length)).toEqual([]);
      }));
  });

  describe(`membership while away, with the log in ${kind}`, () => {
    it("who was let in hears the chat and what came then", () =>
      withStack(async (stack) => {
        await stack.heard();
        const first = await stack.connect(eve);
        await cut(first);
        await stack.append(chat, alice, groupOf(alice, bob), send(1), added(eve, 1), send(2));
        await fromBoth(stack, async () => {
          const second = await stack.connect(eve, `&cursor=${first.cursor()}`);
          await eventually(() => expect(told(second)).toEqual(["3 create_chat", "4 new_message message 2"]));
        });
      }));

    it("who was removed hears that last, and not one byte of what came then", () =>
      withStack(async (stack) => {
        await stack.append(chat, alice, groupOf(alice, bob, eve), send(1));
        await stack.heard();
        const first = await stack.connect(eve);
        await cut(first);
        await stack.append(
          chat,
          alice,
          send(2),
          send(3, "edited later"),
          removed(eve),
          send(4, "secret"),
          edited(3, "secret"),
        );
        await stack.append(
          chat,
          alice,
          { type: "ChatRenamed", content: { title: "secret" } },
          edited(2, "secret"),
          deleted(2),
        );
        await stack.append(other, alice, groupOf(alice, eve));
        let seq = 0;
        await fromBoth(stack, async () => {
          const second = await stack.connect(eve, `&cursor=${first.cursor()}`);
          await eventually(() => expect(told(second)).toEqual(["3 new_message", "4 new_message", "5 member_removed"]));
          seq += 1;
          await stack.append(other, alice, send(seq));
          await eventually(() => expect(second.events().at(-1)).toMatchObject({ chat_id: other, seq }));
          expect(JSON.stringify(second.frames)).not.toContain("secret");
          expect(told(second)).toHaveLength(3);
        });
      }));

    it("who left and came back hears his own times and not the one between", () =>
      withStack(async (stack) => {
        await stack.append(chat, alice, groupOf(alice, bob, eve));
        await stack.heard();
        const first = await stack.connect(eve);
        await cut(first);
        await stack.append(
          chat,
          alice,
          send(1),
          { type: "MemberLeft", userId: eve },
          send(2, "secret"),
          added(eve, 2),
          send(3),
        );
        await stack.append(chat, alice, removed(eve), send(4, "secret"), added(eve, 4), send(5));
        await fromBoth(stack, async () => {
          const second = await stack.connect(eve, `&cursor=${first.cursor()}`);
          await eventually(() =>
            expect(told(second)).toEqual([
              "2 new_message message 1",
              "3 member_removed",
              "5 create_chat",
              "6 new_message message 3",
              "7 member_removed",
              "9 create_chat",
              "10 new_message message 5",
            ]),
          );
          expect(JSON.stringify(second.frames)).not.toContain("secret");
        });
      }));

    it("a text that was taken back never comes again, and an edited one as it is now", () =>
      withStack(async (stack) => {
        await stack.append(chat, alice, groupOf(alice, bob));
        await stack.heard();
        const first = await stack.connect(bob);
        await cut(first);
        await stack.append(
          chat,
          alice,
          send(1, "taken back"),
          send(2, "before"),
          edited(2, "after"),
          edited(1, "too"),
          deleted(1),
        );
        await fromBoth(stack, async () => {
          const second = await stack.connect(bob, `&cursor=${first.cursor()}`);
          await eventually(() =>
            expect(told(second)).toEqual([
              "2 new_message",
              "3 new_message after",
              "4 message_updated after",
              "5 message_updated",
              "6 message_deleted",
            ]),
          );
          expect(second.events()[0]).toMatchObject({ payload: { deleted: true } });
        });
      }));

    it("an author hears which of his messages everyone has read", () =>
      withStack(async (stack) => {
        await stack.append(chat, alice, groupOf(alice, bob), ...sends(1, 3));
        await stack.heard();
        const first = await stack.connect(alice);
        await cut(first);
        await stack.append(
          chat,
          bob,
          { type: "MessageRead", from: 0, upTo: 3, named: 3 },
          { type: "MessagesFullyRead", from: 0, upTo: 0, slowest: alice, slowestFrom: 0, slowestUpTo: 3, former: null },
        );
        await fromBoth(stack, async () => {
          const second = await stack.connect(alice, `&cursor=${first.cursor()}`);
          await eventually(() => expect(told(second)).toEqual(["5 read", "6 fully_read"]));
          expect(second.events()[1]).toMatchObject({
            payload: { message_ids: [1, 2, 3].map((seq) => `${chat}.${seq}`) },
          });
        });
      }));

    it("a chat that was deleted is told to those who were in", () =>
      withStack(async (stack) => {
        await stack.append(chat, alice, groupOf(alice, bob));
        await stack.heard();
        const [one, stranger] = [await stack.connect(bob), await stack.connect(eve)];
        for (const client of [one, stranger]) await cut(client);
        await stack.append(chat, alice, send(1), { type: "ChatDeleted" });
        await stack.append(other, alice, groupOf(alice, bob, eve));
        await fromBoth(stack, async () => {
          const again = await stack.connect(bob, `&cursor=${one.cursor()}`);
          await eventually(() => expect(told(again)).toEqual(["2 new_message message 1", "3 delete_chat"]));
          const strange = await stack.connect(eve, `&cursor=${stranger.cursor()}`);
          await eventually(() => expect(told(strange, other)).toEqual(["1 create_chat"]));
          expect(told(strange)).toEqual([]);
        });
      }));
  });
}
