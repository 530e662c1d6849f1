import { describe, expect, it } from "@jest/globals";
import type { PoolClient } from "pg";
import { openPostgresLog } from "@chat/shared/log/postgres/postgres-log";
import { eventually } from "@chat/shared/testing/eventually";
import { formOf } from "../embedded/testing/upload-forms.ts";
import { withChat, type ChatStack } from "../embedded/testing/with-chat.ts";
import { lineOf } from "./violations.ts";
import { verify, type VerifiedSystem } from "./verify.ts";

type Person = Awaited<ReturnType<ChatStack["people"]>>[number];

/** Whatever the rows were, they are again: each kind of damage is done to the same system. */
const damages: readonly (readonly [what: string, sql: string, said: RegExp])[] = [
  ["a message's row that is gone", "DELETE FROM read_1.messages WHERE seq = 3", /the row of message 3 is missing/],
  ["a seq that was changed", "UPDATE read_1.messages SET seq = 900 WHERE seq = 4", /the row of message 4 is missing/],
  ["a text that was changed", "UPDATE read_1.messages SET text = 'x' WHERE seq = 5", /message 5 differs in text/],
  [
    "a text under a version that never was",
    "UPDATE read_1.messages SET text = 'x', changed_version = changed_version + 100000",
    /message \d+ was changed last in version 1000\d\d, and no event of it explains that/,
  ],
  [
    "a text under the version of another message",
    `UPDATE read_1.messages SET text = 'x', changed_version =
      (SELECT max(m.sent_version) FROM read_1.messages AS m WHERE m.chat_id = messages.chat_id) WHERE seq = 1`,
    /message 1 was changed last in version \d+, and no event of it explains that/,
  ],
  [
    "a deletion under a version that never was",
    "UPDATE read_1.messages SET text = '', deleted = true, files = '[]', changed_version = 999999 WHERE seq = 1",
    /message 1 was changed last in version 999999, and no event of it explains that/,
  ],
  [
    "a deletion that never was",
    "UPDATE read_1.messages SET text = '', deleted = true, files = '[]' WHERE seq = 1",
    /message 1 differs in text, deleted/,
  ],
  [
    "a file that nobody attached",
    `UPDATE read_1.messages SET files = '[{"number":1,"key":"k","type":"t","size":1,"name":"n","version":4}]' WHERE seq = 2`,
    /message 2 has a file of version 4, and no event of it explains that/,
  ],
  ["an author that was changed", "UPDATE read_1.messages SET sender_id = 99 WHERE seq = 2", /differs in sender_id/],
  ["a message that comes from nowhere", insertMessage(), /number of the chat's rows differs in messages/],
  ["a file that was lost", "UPDATE read_1.messages SET files = '[]'", /message \d+ has other files/],
  ["an unread counter", "UPDATE read_1.members SET own_since = own_since + 2", /has -2 unread messages against/],
  ["a read pointer", "UPDATE read_1.members SET read_up_to = read_up_to + 1", /differs in read_up_to/],
  ["a role", "UPDATE read_1.members SET role = 'admin' WHERE role = 'member'", /differs in role/],
  [
    "the chat's watermark",
    "UPDATE read_1.chats SET fully_read_up_to = 1",
    /row differs in fully_read_up_to 1 instead of/,
  ],
  ["an author's watermark", "UPDATE read_1.members SET own_read_up_to = 77", /differs in own_read_up_to 77 instead of/],
  ["the chat's version", "UPDATE read_1.chats SET version = version + 1", /row differs in version/],
  ["a chat's row that is gone", "DELETE FROM read_1.chats", /the chat's row is missing/],
  ["a member's row that is gone", "DELETE FROM read_1.members WHERE NOT active", /member's row of user \d+ is missing/],
  ["a membership's end", "UPDATE read_1.member_spans SET to_version = NULL", /differs in spans/],
  ["an event that the journal lacks", "DELETE FROM read_1.chat_events WHERE version = 2", /the journal has no row/],
  [
    "what the journal says",
    "UPDATE read_1.chat_events SET data = '{}' WHERE type = 'MessageRead'",
    /journal has another from/,
  ],
  ["a key that was forgotten", "DELETE FROM read_1.commands", /the command's key is not kept/],
  ["rows of a chat that never was", insertStray(), /rows of a chat that has no events/],
  ["an epoch", "UPDATE read_1.checkpoints SET epoch = epoch || 'x'", /another epoch than the log's/],
  ["a log that was changed", changeLog("'\"seq\":3'", "'\"seq\":4'"), /seq 4 follows seq 2/],
  ["a version that the log lacks", changeLog("'\"version\":4,'", "'\"version\":5,'"), /version 5 follows version 3/],
  ["a log that was cut", "UPDATE log.partitions SET next_offset = 1", /the log ends here, and the read models hold/],
];

describe("verifying", () => {
  it("finds nothing in a system that is in order, while people write, and each kind of damage", async () => {
    await withChat(async (stack) => {
      const client = await stack.pool.connect();
      const log = await openPostgresLog({ pool: stack.pool });
      const run = async (
        maxHeld?: number,
      ): Promise<{ readonly lines: readonly string[]; readonly done: VerifiedSystem }> => {
        const lines: string[] = [];
        const tell = (violation: Parameters<typeof lineOf>[0]): void => void lines.push(lineOf(violation));
        const bound = maxHeld === undefined ? {} : { maxHeld };
        const done = await verify({ log, client, tell, report: () => undefined, ...bound });
        return { lines, done };
      };
      try {
        const people = await stack.people(4);
        let writing = true;
        const writers = Promise.all(people.map((_, index) => live(stack.origin, people, index, () => writing)));
        const busy = [await run(), await run()];
        writing = false;
        await writers;
        expect(busy.flatMap(({ lines }) => lines)).toEqual([]);

        await eventually(async () => expect((await run()).done.ahead).toBe(0));
        const { lines, done } = await run();
        expect(lines).toEqual([]);
        expect(done.events).toBeGreaterThan(100);
        expect(done).toMatchObject({ chats: 4, degraded: 0, withoutAccount: 0 });
        // With room for hardly anything each partition is gone through several times, to the same end.
        expect(await run(6)).toEqual({ lines: [], done });

        await keepRows(client);
        for (const [what, sql, said] of damages) {
          await client.query(sql);
          const found = (await run()).lines.filter((line) => said.test(line));
          expect({ what, found: found.length > 0 }).toEqual({ what, found: true });
          expect(found[0]).toMatch(/^partition \d/);
          await bringBackRows(client);
        }
        // Of each message it is said once, however little room there is for what is yet to be explained.
        const { rowCount } = await client.query(
          "UPDATE read_1.messages SET changed_version = changed_version + 100000",
        );
        const unexplained = (await run(6)).lines.filter((line) => line.includes("no event of it explains"));
        expect(new Set(unexplained).size).toBe(rowCount);
        expect(unexplained).toHaveLength(rowCount ?? 0);
        await bringBackRows(client);
        expect((await run()).lines).toEqual([]);

        // What a restored database has lost is no damage of log or rows.
        await client.query("DELETE FROM identity.users WHERE id = $1", [people[3]?.id]);
        expect(await run()).toEqual({ lines: [], done: { ...done, withoutAccount: 1 } });

        // A mark that nothing explains hides nothing.
        await client.query(
          "UPDATE read_1.chats SET degraded = true; UPDATE read_1.messages SET text = 'x' WHERE seq = 1",
        );
        const marked = await run();
        expect(marked.done).toMatchObject({ chats: 4, degraded: 0 });
        for (const said of [/marked as degraded, and no event of it was skipped/, /message 1 differs in text/]) {
          expect(marked.lines.filter((line) => said.test(line))).toHaveLength(4);
        }
      } finally {
        client.release();
        await log.close();
      }
    });
  }, 120_000);
});

/** A group of one's own, and everything that can happen in it. */
async function live(origin: string, people: readonly Person[], index: number, goOn: () => boolean): Promise<void> {
  const send = async (person: Person | undefined, method: string, path: string, body?: object) => {
    const answer = await fetch(`${origin}/api${path}`, {
      method,
      headers: { Authorization: `Bearer ${person?.token ?? ""}`, "Content-Type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (await answer.json().catch(() => ({}))) as { readonly id: string };
  };
  const [owner, one, other, late] = [0, 1, 2, 3].map((step) => people[(index + step) % people.length]);
  const { id } = await send(owner, "POST", "/chats", { name: "a group", member_ids: [one?.id, other?.id] });
  const chat = `/chats/${id}`;
  for (let number = 1; number <= 12 || goOn(); number += 1) {
    const author = [owner, one, other][number % 3];
    const sent = await send(author, "POST", `${chat}/messages`, { text: `${number}`, client_message_id: `m${number}` });
    if (number % 3 === 0) await send(one, "POST", `${chat}/read`, {});
    if (number % 4 === 0) await send(owner, "POST", `${chat}/read`, { up_to: number - 1 });
    if (number % 5 === 3) {
      const Authorization = `Bearer ${author?.token ?? ""}`;
      const body = formOf([`${number}.txt`, `${number}`]);
      await fetch(`${origin}/api/messages/${sent.id}/files`, { method: "POST", headers: { Authorization }, body });
    }
    if (number % 5 === 0) await send(author, "PUT", `/messages/${sent.id}`, { text: "changed" });
    if (number % 6 === 0) await send(author, "DELETE", `/messages/${sent.id}`);
    if (number % 7 === 0) await send(other, "POST", `${chat}/read`, {});
    if (number % 8 === 0) await send(owner, "POST", `${chat}/members`, { user_ids: [late?.id] });
    if (number % 8 === 2 && number > 8) await send(late, "POST", `${chat}/leave`, {});
    if (number > 400) return;
  }
  await send(owner, "PATCH", chat, { name: "renamed", description: "…" });
  // Whoever has gone leaves a membership that has ended behind.
  await send(owner, "POST", `${chat}/members`, { user_ids: [late?.id] });
  await send(late, "POST", `${chat}/leave`, {});
}

const tables = ["chats", "members", "member_spans", "messages", "commands", "chat_events", "checkpoints"];
const kept = [...tables.map((table) => `read_1.${table}`), "log.records", "log.partitions"];
const copyOf = (table: string): string => `kept.${table.replace(".", "_")}`;

async function keepRows(client: PoolClient): Promise<void> {
  const copies = kept.map((table) => `CREATE TABLE ${copyOf(table)} AS TABLE ${table};`);
  await client.query(`CREATE SCHEMA kept; ${copies.join(" ")}`);
}

async function bringBackRows(client: PoolClient): Promise<void> {
  const back = kept.map((table) => `DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM ${copyOf(table)};`);
  await client.query(`BEGIN; ${back.join(" ")} COMMIT`);
}

function insertMessage(): string {
  return `INSERT INTO read_1.messages (chat_id, seq, sender_id, text, sent_at, sent_version, changed_version)
    SELECT chat_id, 9000, 1, 'text', now(), 1, 1 FROM read_1.chats`;
}

function insertStray(): string {
  return `INSERT INTO read_1.members (chat_id, user_id, role, active, joined_at)
    VALUES ('01890000-0000-7000-9000-000000000001', 1, 'owner', true, now())`;
}

function changeLog(from: string, to: string): string {
  return `UPDATE log.records SET value = replace(value::text, ${from}, ${to})::json WHERE value::text LIKE '%' || ${from} || '%'`;
}
