import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { ChatEvent } from "@chat/shared/events/chat-events";
import { fullyReadRange, fullyReadSpan } from "@chat/shared/events/fully-read-ranges";
import { life, live, membersOf, users } from "../../testing/any-chat-life.ts";
import { isFullyRead } from "./fully-read.ts";
import type { ChatState, Member } from "./state.ts";

describe("in any order of reads, joins and leaves", () => {
  it("each message becomes fully read once, in the batch that made it so, and stays it", () => {
    fc.assert(
      fc.property(life, (steps) => {
        const recount = createRecount();
        live(steps, ({ step: { actor }, before, after, events }) => {
          if (events.some(({ type }) => type === "MessageSent")) recount.authors.push(actor);
          const told = events.flatMap((event) => toldFullyRead(event, recount.authors));
          expect(told).toEqual(settles(events) ? recount.look(asBeforeJoining(before, after, events)) : []);
          expect(after.status === "deleted" ? recount.settled : knownFullyRead(after, recount.authors)).toEqual(
            recount.settled,
          );
        });
      }),
      { numRuns: 1500 },
    );
  });

  it("what has become fully read is told at most once a batch, and lies in the event's span", () => {
    fc.assert(
      fc.property(life, (steps) =>
        live(steps, ({ events }) => {
          const settling = events.filter((event) => event.type === "MessagesFullyRead");
          expect(settling.length).toBeLessThanOrEqual(1);
          for (const event of settling) {
            const span = fullyReadSpan(event);
            const ranges = [...users, "nobody"].flatMap((author) => fullyReadRange(event, author) ?? []);
            expect(ranges.length).toBeGreaterThan(0);
            expect(ranges.every(({ from, upTo }) => from >= span.from && upTo <= span.upTo)).toBe(true);
          }
        }),
      ),
    );
  });
});

/** Which messages are fully read, by the words of the rule: one by one, from nothing but authors and read pointers. */
function createRecount() {
  const authors: string[] = [];
  const settled = new Set<number>();
  return {
    authors,
    settled,
    /** The messages that are settled now and were not before. */
    look(members: readonly Member[]): number[] {
      const present = members.filter(({ status }) => status === "in");
      const found = authors.flatMap((author, index) => {
        const others = present.filter(({ userId }) => userId !== author);
        const isRead = others.length > 0 && others.every(({ readUpTo }) => readUpTo > index);
        return isRead && !settled.has(index + 1) ? [index + 1] : [];
      });
      for (const message of found) settled.add(message);
      return found;
    },
  };
}

/** By the event, message for message. */
function toldFullyRead(event: ChatEvent, authors: readonly string[]): number[] {
  if (event.type !== "MessagesFullyRead") return [];
  return authors.flatMap((author, index) => {
    const range = fullyReadRange(event, author);
    return range !== null && index + 1 > range.from && index + 1 <= range.upTo ? [index + 1] : [];
  });
}

/** By the chat's state, message for message. */
function knownFullyRead(state: ChatState, authors: readonly string[]): Set<number> {
  if (state.status !== "active") return new Set();
  return new Set(authors.flatMap((author, index) => (isFullyRead(state, author, index + 1) ? [index + 1] : [])));
}

/** What can make a message fully read. */
const settles = (events: readonly ChatEvent[]): boolean =>
  events.some(({ type }) => type === "MessageRead" || type === "MemberLeft" || type === "MemberRemoved");

/** When one command removes and adds, those who go are gone before anybody comes. */
function asBeforeJoining(before: ChatState, after: ChatState, events: readonly ChatEvent[]): readonly Member[] {
  const joining = new Set(
    events.flatMap((event) => (event.type === "MembersAdded" ? event.members.map(({ userId }) => userId) : [])),
  );
  const earlier = new Map(membersOf(before).map((member) => [member.userId, member]));
  return membersOf(after).flatMap((member) =>
    joining.has(member.userId) ? (earlier.get(member.userId) ?? []) : member,
  );
}
