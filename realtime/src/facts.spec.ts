import { describe, expect, it } from "@jest/globals";
import type { ChatParts } from "@chat/shared/api/chat-object";
import type { ChatEvent } from "@chat/shared/events/chat-events";
import type { ChatEventRecord } from "@chat/shared/events/event-record";
import type { AudienceRows, MemberCount, SentBy } from "./audience-rows.ts";
import { createFactsReader } from "./facts.ts";
import { nativeProtocol } from "./protocols/native.ts";
import type { Protocol } from "./protocols/protocol.ts";
import { createRooms, type Device } from "./rooms.ts";
import { createEventWindow, type SeenEvent } from "./window.ts";

const chatId = "0197a3c0-0000-7000-8000-000000000001";
const at = (offset: number) => ({ offset, epoch: null });
const seen = (version: number, actor: string, event: ChatEvent): SeenEvent => ({
  partition: 0,
  offset: version,
  record: { chatId, version, actor, at: "2026-01-02T03:04:05.000Z", event } as ChatEventRecord,
  bytes: 10,
});
const send = (version: number, seq: number, actor: string): SeenEvent =>
  seen(version, actor, { type: "MessageSent", seq, replyTo: null, content: { text: "x" } });
const rename = (version: number, title: string): SeenEvent =>
  seen(version, "1", { type: "ChatRenamed", content: { title } });
const row = (version: number, title: string): ChatParts => ({
  chatId,
  chatType: "group",
  title,
  description: null,
  avatar: null,
  creatorId: "1",
  memberIds: ["1"],
  createdAt: "",
  updatedAt: "",
  version,
});
const never = (): never => {
  throw new Error("must not be read");
};
/** The slowest reader, 1, has own messages up to 4 that all others have read. */
const fullyRead: ChatEvent = {
  type: "MessagesFullyRead",
  from: 0,
  upTo: 2,
  slowest: "1",
  slowestFrom: 0,
  slowestUpTo: 4,
  former: null,
};

interface Rows {
  /** What each read finds, in turn; the last one for good. */
  readonly chats?: readonly { readonly row: ChatParts; readonly checkpoint: number }[];
  readonly senders?: { readonly rows: readonly SentBy[]; readonly checkpoint: number };
  /** What the dialect of the one who is here needs to know besides. */
  readonly asks?: NonNullable<Protocol["asks"]>;
  readonly counts?: { readonly rows: readonly MemberCount[]; readonly checkpoint: number };
}

/** Facts over a window that begins at offset 1 with these events, and rows as given. */
function factsOver(pushed: readonly SeenEvent[], { chats = [], senders, counts, asks }: Rows) {
  const window = createEventWindow(1);
  window.begin(new Map([[0, at(1)]]));
  window.add(0, pushed, at((pushed.at(-1)?.offset ?? 0) + 1));
  const rooms = createRooms();
  const person = rooms.enter("1", [chatId]);
  if (asks !== undefined) person.devices.add({ protocol: { ...nativeProtocol, asks } } as Device);
  let reads = 0;
  const rows: AudienceRows = {
    checkpoints: async () => new Map(),
    memberships: async () => ({ rows: [], positions: new Map() }),
    async chats() {
      const found = chats[Math.min(reads++, chats.length - 1)];
      return { rows: found === undefined ? [] : [found.row], positions: new Map([[0, at(found?.checkpoint ?? 1)]]) };
    },
    memberCounts: async () => ({ rows: counts?.rows ?? [], positions: new Map([[0, at(counts?.checkpoint ?? 1)]]) }),
    senders: async () => ({ rows: senders?.rows ?? [], positions: new Map([[0, at(senders?.checkpoint ?? 1)]]) }),
  };
  const reader = createFactsReader({ rows, names: async () => new Map(), window, rooms });
  return {
    reads: () => reads,
    of: async (...events: SeenEvent[]) =>
      reader.of({ partition: 0, events, next: at((events.at(-1)?.offset ?? 0) + 1) }),
  };
}

describe("facts", () => {
  it("bring a chat's row to the event through what was pushed and what comes before it in its batch", async () => {
    const { of } = factsOver([rename(2, "two"), rename(3, "three")], {
      chats: [{ row: row(2, "two"), checkpoint: 3 }],
    });
    const [four, five] = [send(4, 1, "1"), seen(5, "1", { type: "ChatRenamed", content: { description: "d" } })];
    const facts = await of(four, five, rename(6, "six"));
    expect(facts.chatAfter(five.record)).toMatchObject({
      newer: false,
      chat: { title: "three", description: "d", version: 5 },
    });
  });

  it("say when the row is ahead of the event", async () => {
    const { of } = factsOver([], { chats: [{ row: row(9, "nine"), checkpoint: 10 }] });
    const event = rename(5, "five");
    expect((await of(event)).chatAfter(event.record)).toMatchObject({ newer: true, chat: { title: "nine" } });
  });

  it("read again what lies below the window", async () => {
    const { of, reads } = factsOver([], {
      chats: [
        { row: row(1, "too old"), checkpoint: 0 },
        { row: row(1, "one"), checkpoint: 2 },
      ],
    });
    const event = seen(2, "1", { type: "ChatDeleted" });
    expect((await of(event)).chatAfter(event.record)?.chat.title).toBe("one");
    expect(reads()).toBe(2);
  });

  it("know who sent what was fully read: from memory, the rows and what the rows do not hold yet", async () => {
    const pushed = [send(2, 1, "2"), send(3, 2, "1")];
    const { of } = factsOver(pushed, { senders: { rows: [{ chatId, seq: 1, senderId: "2" }], checkpoint: 3 } });
    const event = seen(6, "2", fullyRead);
    const facts = await of(send(4, 3, "2"), send(5, 4, "1"), event);
    expect([...facts.fullyReadBy(event.record)]).toEqual([
      ["2", { seqs: [1], upTo: 2 }],
      ["1", { seqs: [2, 4], upTo: 4 }],
    ]);
  });

  describe("for the dialects that need more", () => {
    const read = (version: number, named: number | null): SeenEvent =>
      seen(version, "2", { type: "MessageRead", from: 0, upTo: 3, named });

    it("know whose message was read: from memory, or the rows", async () => {
      const sent = { rows: [{ chatId, seq: 1, senderId: "7" }], checkpoint: 3 };
      const { of } = factsOver([send(2, 2, "1")], { senders: sent, asks: { authorOfRead: true } });
      const [first, last] = [read(4, 1), read(5, null)];
      const facts = await of(send(3, 3, "8"), first, last);
      expect([first, last].map(({ record }) => facts.authorOfRead(record))).toEqual(["7", "8"]);
    });

    it("count who was in when all had read: the rows, and what they do not hold yet", async () => {
      const left = seen(4, "3", { type: "MemberLeft", userId: "3" });
      const joins: ChatEvent = { type: "MembersAdded", members: [{ userId: "4", role: "member" }], readUpTo: 4 };
      const counts = { rows: [{ chatId, version: 5, members: 3 }], checkpoint: 4 };
      const { of } = factsOver([left], { counts, asks: { membersAtFullRead: true } });
      const event = seen(5, "2", fullyRead);
      expect((await of(event, seen(6, "1", joins))).membersAt(event.record)).toBe(2);
    });

    it("do not look for what nobody asks", async () => {
      const facts = await factsOver([], {}).of(read(4, 1), seen(5, "2", fullyRead));
      expect(facts.authorOfRead(read(4, 1).record)).toBeUndefined();
      expect(facts.membersAt(seen(5, "2", fullyRead).record)).toBeUndefined();
    });
  });

  it("read nothing where the events say all, or nobody is there", () => {
    const window = createEventWindow(1);
    const rows: AudienceRows = {
      ...{ checkpoints: never, memberships: never, chats: never, senders: never },
      ...{ memberCounts: never },
    };
    const reader = createFactsReader({ rows, names: never, window, rooms: createRooms() });
    const events = [rename(1, "x"), send(2, 1, "1"), seen(3, "1", fullyRead)];
    expect(reader.of({ partition: 0, events, next: at(4) })).not.toBeInstanceOf(Promise);
  });
});
