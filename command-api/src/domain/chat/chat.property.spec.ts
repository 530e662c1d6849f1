import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Rejection } from "@chat/shared/rejection";
import { command, life, live, membersOf, orNull, role, seq, title, user } from "../../testing/any-chat-life.ts";
import { at, expectNothingNew } from "../../testing/given-chat.ts";
import { decide } from "./decide.ts";
import type { ActiveChat, ChatState, Member } from "./state.ts";

describe("in any life of a chat", () => {
  it("versions and seqs are dense", () => {
    fc.assert(
      fc.property(life, (steps) =>
        live(steps, ({ before, after, events }) => {
          expect(after.version).toBe(before.version + events.length);
          const sent = events.flatMap((event) => (event.type === "MessageSent" ? [event.seq] : []));
          const lastSeq = before.status === "active" ? before.lastSeq : 0;
          expect(sent).toEqual(sent.map((_, index) => lastSeq + 1 + index));
        }),
      ),
    );
  });

  it("read pointers never go back, and never past the last message", () => {
    fc.assert(
      fc.property(life, (steps) =>
        live(steps, ({ before, after }) => {
          const earlier = new Map(membersOf(before).map((member) => [member.userId, member]));
          for (const { userId, readUpTo, ownReadUpTo } of membersOf(after)) {
            expect(readUpTo).toBeGreaterThanOrEqual(earlier.get(userId)?.readUpTo ?? 0);
            expect(ownReadUpTo).toBeGreaterThanOrEqual(earlier.get(userId)?.ownReadUpTo ?? 0);
            const lastSeq = after.status === "active" ? after.lastSeq : 0;
            expect(Math.max(readUpTo, ownReadUpTo)).toBeLessThanOrEqual(lastSeq);
          }
        }),
      ),
    );
  });

  it("the same command again changes nothing", () => {
    fc.assert(
      fc.property(life, (steps) =>
        live(steps, ({ step: { actor, command: taken } }, chat) => {
          if (taken.type !== "SendMessage") expectNothingNew(chat.decide(actor, taken));
        }),
      ),
    );
  });

  it("a group with members has an owner", () => {
    fc.assert(
      fc.property(life, (steps) =>
        live(steps, ({ after }) => {
          if (after.status !== "active" || after.chatType === "private") return;
          const present = membersOf(after).filter(({ status }) => status === "in");
          expect(present.length === 0 || present.some((member) => member.role === "owner")).toBe(true);
        }),
      ),
    );
  });

  it("an edited message says how many have read it, by a recount", () => {
    fc.assert(
      fc.property(life, (steps) =>
        live(steps, ({ after, events }) => {
          const edited = events.find((event) => event.type === "MessageEdited");
          if (edited === undefined || after.status !== "active") return;
          const { senderId, readCount } = edited.message;
          const readers = membersOf(after).filter(
            (member) => member.status === "in" && member.userId !== senderId && member.readUpTo >= edited.seq,
          );
          expect(readCount).toBe(readers.length);
        }),
      ),
    );
  });
});

describe("a decision", () => {
  const member: fc.Arbitrary<Member> = fc.record({
    userId: user,
    status: fc.constantFrom("in" as const, "out" as const),
    role,
    joinedAt: fc.constant(at),
    readUpTo: seq,
    ownReadUpTo: seq,
  });
  const active: fc.Arbitrary<ActiveChat> = fc.record({
    status: fc.constant("active" as const),
    version: fc.integer({ min: 1, max: 99 }),
    chatType: fc.constantFrom("private" as const, "group" as const),
    title,
    description: title,
    avatar: title,
    creatorId: user,
    createdAt: fc.constant(at),
    updatedAt: fc.constant(at),
    lastSeq: seq,
    members: fc.array(member).map((members) => new Map(members.map((one) => [one.userId, one]))),
    fullyRead: fc.record({ upTo: seq, exceptAuthor: orNull(fc.oneof(user, fc.constant("99"))) }),
  });
  const state: fc.Arbitrary<ChatState> = fc.oneof(
    { weight: 1, arbitrary: fc.constant({ status: "absent", version: 0 } as const) },
    { weight: 1, arbitrary: fc.constant({ status: "deleted", version: 5 } as const) },
    { weight: 20, arbitrary: active },
  );
  const named = fc.option(
    fc.record({
      seq,
      senderId: user,
      text: fc.constantFrom("x", "y"),
      sentAt: fc.constant(at),
      editedAt: orNull(fc.constant(at)),
      deleted: fc.boolean(),
      replyTo: orNull(seq),
      clientMessageId: orNull(fc.string()),
      files: fc.constant([]),
    }),
    { nil: undefined },
  );

  it("is never thrown, whatever the command and the state", () => {
    fc.assert(
      fc.property(command, state, user, named, (ordered, chat, actor, message) => {
        const decision = decide(ordered, chat, { actor, at }, message);
        expect(decision instanceof Rejection || Array.isArray(decision)).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });

  it("is the same for the same command and state, and leaves the state alone", () => {
    fc.assert(
      fc.property(command, state, user, named, (ordered, chat, actor, message) => {
        const copy = structuredClone(chat);
        const once = decide(ordered, chat, { actor, at }, message);
        expect(decide(ordered, chat, { actor, at }, message)).toEqual(once);
        expect(chat).toEqual(copy);
      }),
    );
  });
});
