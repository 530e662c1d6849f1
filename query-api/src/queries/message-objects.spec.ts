import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { isoTime, messageObjects, type MessageColumns } from "./message-objects.ts";

const chatId = "0197a3f0-5a6e-7c1b-9d2e-3f4a5b6c7d8e";

function columnsOf(senders: readonly string[]): MessageColumns {
  return {
    seqs: senders.map((_, index) => index + 1),
    sender_ids: senders,
    texts: senders.map(() => "text"),
    sent_ats: senders.map(() => 1_700_000_000.123),
    client_message_ids: null,
    reply_tos: null,
    edited_ats: null,
    deleteds: null,
    files: null,
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

  it("have what few messages have where it belongs, and nothing of it elsewhere", () => {
    const file = { number: 1, key: "f", name: "a.txt", type: "text/plain", size: 1, version: 2 };
    const columns = {
      ...columnsOf(["1", "1", "1"]),
      client_message_ids: { 2: "phone-1" },
      reply_tos: { 2: 1 },
      edited_ats: { 2: 1_700_000_001 },
      deleteds: { 3: true },
      files: { 1: [file] },
    } as const;
    const marks = { fully_read_up_to: 0, fully_read_except: null, read_up_tos: [], read_counts: [], authors: [] };
    const objects = messageObjects(chatId, columns, { ...marks, author_read_up_tos: [], author_own_read_up_tos: [] });
    expect(
      objects.map(({ client_message_id, reply_to, edited_at, deleted, files }) => [
        client_message_id,
        reply_to,
        edited_at,
        deleted,
        files.length,
      ]),
    ).toEqual([
      [null, null, null, false, 1],
      ["phone-1", `${chatId}.1`, "2023-11-14T22:13:21.000Z", false, 0],
      [null, null, null, true, 0],
    ]);
  });

  it("say times to the millisecond, whatever a double of seconds does to them", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), (ms) => {
        expect(isoTime(ms / 1_000)).toBe(new Date(ms).toISOString());
      }),
    );
  });
});
