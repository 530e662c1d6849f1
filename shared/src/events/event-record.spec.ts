import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { anyText } from "../testing/any-text.ts";
import type { ChatEvent } from "./chat-events.ts";
import { type ChatEventRecord, PoisonEvent, decodeEvent, encodeEvent } from "./event-record.ts";
import { eventShapes } from "./event-schemas.ts";

interface Golden {
  readonly type: string;
  readonly v: number;
  readonly data: object;
  readonly content?: object;
}

/** Records as they stand in logs out there: they may be added to, never changed. */
const golden = JSON.parse(readFileSync(new URL("golden-events.json", import.meta.url), "utf8")) as readonly Golden[];

const aRecord: ChatEventRecord = {
  id: "0197a5b0-3c1f-7000-8000-000000000001",
  chatId: "0197a5b0-3c1e-7d42-9b1f-5a6c7d8e9f01",
  version: 3,
  actor: "7",
  at: "2026-01-02T03:04:05.678Z",
  commandId: "0197a5b0-3c1f-7000-8000-000000000101",
  idempotencyKey: null,
  requestHash: null,
  traceParent: null,
  event: { type: "MessageSent", seq: 1, replyTo: null, content: { text: "hi" } },
};

const newest = (type: string): number => Object.entries(eventShapes).find(([name]) => name === type)?.[1].version ?? 0;

const written = (changes: Record<string, unknown>): string =>
  JSON.stringify({ ...(JSON.parse(encodeEvent(aRecord)) as object), ...changes });

describe("stored events", () => {
  it.each(golden.filter(({ type, v }) => v === newest(type)).map((record) => [record.type, JSON.stringify(record)]))(
    "keep their bytes: %s",
    (_type, value) => {
      expect(encodeEvent(decodeEvent(value))).toBe(value);
    },
  );

  it.each(
    golden.filter(({ type, v }) => v < newest(type)).map((record) => [`${record.type}@${record.v}`, record] as const),
  )("are read though they are old: %s", (_name, record) => {
    const read = decodeEvent(JSON.stringify(record));
    expect(decodeEvent(encodeEvent(read))).toEqual(read);
    expect(read.event).toMatchObject({ ...record.data, content: record.content });
  });

  it("have a golden record of every type and version", () => {
    const current = Object.entries(eventShapes).map(([type, { version }]) => `${type}@${version}`);
    const kept = new Set(golden.map(({ type, v }) => `${type}@${v}`));
    expect(current.filter((name) => !kept.has(name))).toEqual([]);
  });

  it("are read back as they were written", () => {
    const whole = { ...aRecord, idempotencyKey: "c-1", requestHash: "h", traceParent: "t" };
    expect(decodeEvent(encodeEvent(whole))).toEqual(whole);
    expect(decodeEvent(encodeEvent(aRecord))).toEqual(aRecord);
  });

  it("keep any text that people write", () => {
    fc.assert(
      fc.property(anyText(), (text) => {
        const event: ChatEvent = { type: "MessageSent", seq: 1, replyTo: null, content: { text } };
        expect(decodeEvent(encodeEvent({ ...aRecord, event })).event).toEqual(event);
      }),
    );
  });

  it("hold what people write in content and nowhere else", () => {
    const words = "ÄÖÜ what somebody wrote";
    const who = { senderId: "7", sentAt: aRecord.at, replyTo: null, clientMessageId: null };
    const facts = { ...who, files: [], readCount: 0, fullyRead: false };
    const events: ChatEvent[] = [
      {
        type: "ChatCreated",
        chatType: "group",
        members: [{ userId: "7", role: "owner" }],
        content: { title: words, description: words },
      },
      { type: "ChatRenamed", avatar: "f1", content: { title: words, description: words } },
      { type: "MessageSent", seq: 1, replyTo: null, content: { text: words } },
      {
        type: "MessageEdited",
        seq: 1,
        message: facts,
        content: { text: words, names: [words] },
      },
      {
        type: "FileAttached",
        seq: 1,
        files: [{ number: 1, key: "f1", type: "image/png", size: 1 }],
        message: { ...facts, files: [{ number: 1, key: "f1", type: "image/png", size: 1 }], editedAt: null },
        content: { names: [words], message: { text: words, names: [words] } },
      },
    ];
    for (const event of events) {
      const { content, ...rest } = JSON.parse(encodeEvent({ ...aRecord, event })) as Record<string, unknown>;
      expect(JSON.stringify(content)).toContain(words);
      expect(JSON.stringify(rest)).not.toContain(words);
    }
    // The list above is whole: no other event has words of people in it.
    const withContent = Object.entries(eventShapes).flatMap(([type, shape]) => ("content" in shape ? [type] : []));
    expect(withContent).toEqual(events.map(({ type }) => type));
  });
});

describe("a poison event", () => {
  it.each([
    ["what is no JSON", "{", /^not JSON$/],
    ["what is no object", "[1]", /unknown type \(none\)/],
    ["null", "null", /not a JSON object/],
    ["an unknown type", written({ type: "ChatPainted" }), /unknown type "ChatPainted"/],
    ["a type that every object inherits", written({ type: "constructor" }), /unknown type "constructor"/],
    ["a newer schema version", written({ v: 2 }), /schema version 2 of MessageSent is newer than 1/],
    ["a missing schema version", written({ v: undefined }), /MessageSent without a schema version/],
    ["a missing field", written({ data: { seq: 1 } }), /bad shape of MessageSent: \/data must have .*replyTo/],
    ["a field that is not known", written({ more: 1 }), /must NOT have additional properties/],
    ["a field that is not known in data", written({ data: { seq: 1, replyTo: null, mood: 1 } }), /\/data must NOT/],
    ["a prototype", written({}).replace("{", '{"__proto__":{},'), /must NOT have additional properties/],
    ["a wrong type", written({ data: { seq: "1", replyTo: null } }), /\/data\/seq must be integer/],
    ["a seq of 0", written({ data: { seq: 0, replyTo: null } }), /\/data\/seq must be >= 1/],
    ["a version of 0", written({ version: 0 }), /\/version must be >= 1/],
    ["a chat id that is none", written({ chat: "general" }), /\/chat must match/],
    ["an actor that is no user id", written({ actor: "007" }), /\/actor must match/],
    ["a time in another form", written({ at: "2026-01-02 03:04" }), /\/at must match/],
    ["no content where there must be some", written({ content: undefined }), /must have required property 'content'/],
  ])("is %s", (_what, value, reason) => {
    expect(() => decodeEvent(value)).toThrow(PoisonEvent);
    expect(() => decodeEvent(value)).toThrow(reason);
  });

  it("never tells what somebody wrote", () => {
    expect(() => decodeEvent(written({ content: { text: ["secret"] } }))).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("secret") as unknown }),
    );
  });

  it("is the only error, whatever the log holds", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (value) => {
        expect(() => decodeEvent(value)).toThrow(PoisonEvent);
      }),
    );
  });
});
