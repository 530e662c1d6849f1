import { describe, expect, it } from "@jest/globals";
import { messageObject } from "@chat/shared/api/message-object";
import type { CommandPort, MessageSentResult } from "@chat/shared/commands/command-port";
import type { UserId } from "@chat/shared/ids";
import { Rejection } from "@chat/shared/rejection";
import { createRepeatedTexts, REPEAT_WITHIN_MS } from "./repeated-texts.ts";
import type { SeenEvent } from "./window.ts";

const chatId = "0197a3c0-0000-7000-8000-000000000001";
/** The middle of a minute, and its end. */
const noon = Date.parse("2026-01-01T12:00:30.000Z");
const endOfRound = Date.parse("2026-01-01T12:00:59.900Z");
const later = REPEAT_WITHIN_MS + 1;

/** The one place that decides: one message for each key of a user, whatever instance asks. */
function createWorld(startMs: number) {
  let nowMs = startMs;
  let asked = 0;
  let losesAnswers = false;
  const sent: { readonly key: string; readonly result: MessageSentResult; readonly event: SeenEvent }[] = [];

  const commands: CommandPort = async ({ userId }, command) => {
    if (command.type !== "SendMessage") throw new Error("nothing else is sent here");
    asked += 1;
    const seq = sent.length + 1;
    const key = command.clientMessageId ?? `none ${seq}`;
    const known = sent.find((one) => one.key === `${userId} ${key}`);
    if (known !== undefined) return { ...known.result, repeated: true };
    const at = new Date(nowMs).toISOString();
    const parts = { chatId, seq, senderId: userId, text: command.text, replyTo: null, sentAt: at, editedAt: null };
    const counts = { deleted: false, fullyRead: false, readCount: 0, files: [] };
    const message = messageObject({ ...parts, ...counts, clientMessageId: command.clientMessageId });
    const result: MessageSentResult = { type: "MessageSent", repeated: false, message };
    const event = { type: "MessageSent", seq, replyTo: null, content: { text: command.text } } as const;
    const record = { chatId, version: seq, actor: userId, at, idempotencyKey: command.clientMessageId, event };
    const seen = { partition: 0, offset: seq, bytes: 1, record: { ...record, ...unsaid } };
    sent.push({ key: `${userId} ${key}`, result, event: seen });
    if (losesAnswers) throw new Rejection("outcome_unknown", "The answer was lost.");
    return result;
  };

  function createInstance() {
    const texts = createRepeatedTexts({ commands, secret: "a secret", now: () => nowMs });
    return {
      note: () => texts.note(sent.map(({ event }) => event)),
      async send(text: string, userId = "1", clientMessageId: string | null = null): Promise<string> {
        const command = { type: "SendMessage", chatId, text, clientMessageId, replyTo: null } as const;
        const result = await texts.commands({ userId: userId as UserId, sessionId: "s" }, command);
        return result.type === "MessageSent" && result.repeated ? "repeated" : "sent";
      },
    };
  }

  return {
    createInstance,
    pass: (ms: number) => (nowMs += ms),
    loseAnswers: (loses: boolean) => (losesAnswers = loses),
    asked: () => asked,
    texts: () => sent.map(({ result }) => result.message.text),
  };
}

describe("a text that is sent again", () => {
  it("within two seconds is a repeat, and later a message", async () => {
    const world = createWorld(noon);
    const { send } = world.createInstance();
    expect(await send("hi")).toBe("sent");
    world.pass(REPEAT_WITHIN_MS - 1);
    expect(await send("hi")).toBe("repeated");
    world.pass(1);
    expect(await send("hi")).toBe("sent");
    expect(await send("hi")).toBe("repeated");
    expect(world.texts()).toEqual(["hi", "hi"]);
  });

  it("is a repeat though another was sent in between, and though the minute has changed", async () => {
    const world = createWorld(endOfRound);
    const { send } = world.createInstance();
    await send("hi");
    await send("there");
    world.pass(1_000);
    expect([await send("hi"), await send("there")]).toEqual(["repeated", "repeated"]);
  });

  it("by somebody else is a message", async () => {
    const { send } = createWorld(noon).createInstance();
    expect([await send("hi", "1"), await send("hi", "2")]).toEqual(["sent", "sent"]);
  });

  it("from two devices at one moment is one message, on whatever instances they are", async () => {
    const world = createWorld(noon);
    const [one, other] = [world.createInstance(), world.createInstance()];
    expect((await Promise.all([one.send("hi"), one.send("hi"), other.send("hi")])).sort()).toEqual([
      "repeated",
      "repeated",
      "sent",
    ]);
  });

  it.each(["all on one instance", "in turn on two"])("is a message each time when it is meant, %s", async (where) => {
    const world = createWorld(noon);
    const instances = [world.createInstance(), world.createInstance()];
    for (let time = 0; time < 8; time += 1) {
      const { send } = instances[where === "in turn on two" ? time % 2 : 0] ?? world.createInstance();
      expect([await send("ok"), await send("ok")]).toEqual(["sent", "repeated"]);
      world.pass(later);
    }
    expect(world.texts()).toHaveLength(8);
  });

  it("is found by an instance that remembers nothing", async () => {
    const world = createWorld(noon);
    for (let time = 0; time < 5; time += 1) {
      await world.createInstance().send("ok");
      world.pass(later);
    }
    expect(world.texts()).toHaveLength(5);
    await world.createInstance().send("ok");
    expect(await world.createInstance().send("ok")).toBe("repeated");
  });

  it("is known from what another instance has told, with one question and across minutes", async () => {
    const world = createWorld(endOfRound);
    await world.createInstance().send("hi");
    world.pass(1_000);
    const other = world.createInstance();
    other.note();
    expect(await other.send("hi")).toBe("repeated");
    expect(world.asked()).toBe(2);
  });

  it("to learn what came of it is a repeat, however late", async () => {
    const world = createWorld(noon);
    const { send } = world.createInstance();
    world.loseAnswers(true);
    await expect(send("hi")).rejects.toThrow("lost");
    world.loseAnswers(false);
    world.pass(later);
    expect(await send("hi")).toBe("repeated");
    expect(await send("hi")).toBe("sent");
  });

  it("with a number of its client's own is that number's message", async () => {
    const world = createWorld(noon);
    const { send } = world.createInstance();
    expect([await send("hi", "1", "a"), await send("hi", "1", "b"), await send("hi", "1", "b")]).toEqual([
      "sent",
      "sent",
      "repeated",
    ]);
  });
});

const unsaid = { id: "e", commandId: "c", requestHash: null, traceParent: null };
