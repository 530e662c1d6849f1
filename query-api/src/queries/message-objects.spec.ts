import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { isoTime, messageObjects, type MessageColumns } from "./message-objects.ts";

const chatId = "0197a3f0-5a6e-7c1b-9d2e-3f4a5b6c7d8e";

function columnsOf(senders: readonly string[]): MessageColumns {
  return {
    seqs: senders.map((_, index) => index + 1),
    sender_ids: senders,
    texts: senders.map(() => "text"),
    client_message_ids: senders.map(() => null),
    reply_tos: senders.map(() => null),
    sent_ats: senders.map(() => 1_700_000_000.123),
    edited_ats: senders.map(() => null),
    deleteds: senders.map(() => false),
    files: senders.map(() => []),
  };
}

describe("message objects", () => {
  it("count every other current member who has read as far, whoever sent it and wherever the pointers stand", () => {
    const member = fc.record({ readUpTo: fc.nat({ max: 12 }), active: fc.boolean() });
    const members = fc.array(member, { minLength: 1, maxLength: 8 });
    const senders = fc.array(fc.nat(), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(members, senders, (of, picks) => {
        const current = of.filter(({ active }) => active);
        const objects = messageObjects(chatId, columnsOf(picks.map((pick) => String(pick % of.length))), {
          fully_read_up_to: 0,
          fully_read_except: null,
          read_up_tos: current.map(({ readUpTo }) => readUpTo),
          read_counts: current.map(() => 1),
          authors: of.map((_, id) => String(id)),
          author_read_up_tos: of.map(({ readUpTo, active }) => (active ? readUpTo : 0)),
          author_own_read_up_tos: of.map(() => 0),
        });
        for (const { seq, sender_id, read_count } of objects) {
          const readers = of.filter(
            ({ active, readUpTo }, id) => active && readUpTo >= seq && String(id) !== sender_id,
          );
          expect(read_count).toBe(readers.length);
        }
      }),
    );
  });

  it("are fully read up to the chat's watermark but for one author, and up to an author's own", () => {
    const objects = messageObjects(chatId, columnsOf(["1", "2", "1", "2"]), {
      fully_read_up_to: 3,
      fully_read_except: "2",
      read_up_tos: [],
      read_counts: [],
      authors: ["2"],
      author_read_up_tos: [0],
      author_own_read_up_tos: [2],
    });
    expect(objects.map(({ is_read }) => is_read)).toEqual([true, true, true, false]);
  });

  it("say times to the millisecond, whatever a double of seconds does to them", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), (ms) => {
        expect(isoTime(ms / 1_000)).toBe(new Date(ms).toISOString());
      }),
    );
  });
});
