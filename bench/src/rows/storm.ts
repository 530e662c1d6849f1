import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type pg from "pg";
import { readFrame, TEXT } from "../driver/frames.ts";
import { httpRequest, openHttpConnection } from "../driver/http-connection.ts";
import { type DriverSocket, openSocket } from "../driver/web-socket.ts";
import { createSequence } from "../exactly-once.ts";
import { atMost, type Experiment, figure, type Line, type Sample } from "../experiment.ts";
import type { Bench } from "../bench.ts";
import { openAll } from "../open-bench.ts";
import type { Person } from "../people.ts";
import { startProgram } from "../processes.ts";
import { readBack } from "../read-back.ts";

const GROUP = 50;
/** Messages of each chat while nobody is there. */
const AWAY = 5;
/** Postgres counts what a connection did at the latest when it was idle for 10 s. */
const COUNTED_WITHIN_MS = 11_000;
const BACK_WITHIN_MS = 120_000;
const RETRY_WITHIN_MS = 1_000;
/** Two heartbeats: nobody should wait longer for his chats. */
const WITHIN_SECONDS = 50;
/** Those who come with a cursor that memory reaches share one question among all who wait; the rest is upkeep. */
const QUERIES_FROM_MEMORY = 0.2;
/** Spans, then events, each for itself, and what is looked up for many at once. */
const QUERIES_FROM_JOURNAL = 5;

export const storm: Experiment = {
  name: "storm",
  open: openStorm,
  lines: (ours, floor, sizes): readonly Line[] =>
    (["memory", "journal"] as const).flatMap((from) => [
      {
        work: `${sizes.storm} sockets dropped at once, all resumed, from ${from}`,
        unit: "s",
        floor: figure(floor, "seconds"),
        ours: figure(ours, `${from}Seconds`),
        required: atMost(WITHIN_SECONDS),
        note: `${figure(ours, `${from}Again`)} handshakes tried again; the floor only opens`,
      },
      {
        work: `transactions for each of them beside the upkeep, from ${from}`,
        unit: "queries",
        floor: null,
        ours: figure(ours, `${from}Queries`),
        required: atMost(from === "memory" ? QUERIES_FROM_MEMORY : QUERIES_FROM_JOURNAL),
      },
    ]),
};

interface Member {
  readonly person: Person;
  readonly group: number;
  /** Another one in each storm: it would go on where it was in the one before. */
  device: string;
  cursor: string;
  /** The seq of the last message that it got. */
  last: number;
}

async function openStorm(bench: Bench) {
  const { people, options, faults } = bench;
  const bare = await startProgram("bench/src/floors/bare-sockets.ts", { pinned: bench.options.pinned });
  const groups: { readonly chatId: string; readonly sender: Person; last: number }[] = [];
  const members: Member[] = [];
  /** Handshakes that failed and were tried again. */
  let again = 0;
  for (let first = 0; first < options.sizes.storm; first += GROUP) {
    const of = people.slice(first, Math.min(first + GROUP, options.sizes.storm));
    const [sender] = of;
    if (sender === undefined) throw new Error("a group of nobody");
    members.push(...of.map((person) => ({ person, group: groups.length, device: "", cursor: "", last: 0 })));
    groups.push({ chatId: await bench.makeGroup(of), sender, last: 0 });
  }

  async function sendToAll(times: number): Promise<void> {
    const connection = await openHttpConnection(bench.port());
    for (let time = 0; time < times; time += 1) {
      for (const group of groups) {
        const path = `/api/chats/${group.chatId}/messages`;
        const body = JSON.stringify({ text: TEXT });
        const { status } = await connection.send(httpRequest("POST", path, group.sender.token, body));
        if (status !== 201) faults.add(`POST: ${status}`);
        group.last += 1;
      }
    }
    connection.close();
  }

  async function storm(from: "memory" | "journal"): Promise<Sample> {
    for (const member of members) member.device = randomUUID();
    const before = await openAll(members, (member) => open(member, ""));
    for (const [index, socket] of before.entries()) {
      const member = members[index];
      if (member === undefined) continue;
      member.cursor = (JSON.parse(socket.greeting) as { cursor: string }).cursor;
      member.last = groups[member.group]?.last ?? 0;
    }
    for (const socket of before) socket.drop();
    await sendToAll(AWAY);
    for (const group of groups) await bench.settled(group.chatId, group.sender);
    if (from === "journal") await bench.restart();
    const upkeep = await upkeepOf(bench.db());
    again = 0;
    const startedAt = performance.now();
    const back = await comeBack();
    const seconds = (performance.now() - startedAt) / 1_000;
    const count = await transactions(bench.db());
    const asked = count - upkeep.until(performance.now());
    for (const socket of back) socket.close();
    return { [`${from}Seconds`]: seconds, [`${from}Queries`]: asked / members.length, [`${from}Again`]: again };
  }

  /** All at once, while more is said; resolves when everybody has heard everything. */
  async function comeBack(): Promise<DriverSocket[]> {
    const wanted = groups.map(({ last }) => last + 1);
    const complete = Promise.withResolvers<undefined>();
    let behind = members.length;
    const opened = members.map(async (member) => {
      const sequence = createSequence(`a member of ${groups[member.group]?.chatId}`, member.last + 1, faults);
      const socket = await insist(member, `&cursor=${member.cursor}`, (buffer, start, end) => {
        const heard = readFrame(buffer, start, end);
        if (heard.kind !== "pushed") return;
        sequence.saw(heard.seq);
        if (heard.seq !== wanted[member.group]) return;
        behind -= 1;
        if (behind === 0) complete.resolve(undefined);
      });
      return socket;
    });
    const timer = setTimeout(() => {
      faults.add(`lost: ${behind} devices have not heard everything`);
      complete.resolve(undefined);
    }, BACK_WITHIN_MS);
    const [sockets] = await Promise.all([Promise.all(opened), sendToAll(1), complete.promise]);
    clearTimeout(timer);
    return sockets;
  }

  /** As any client does: whose handshake fails tries again a moment later, and no two at the same. */
  async function insist(member: Member, query: string, onText: DriverSocket["onText"]): Promise<DriverSocket> {
    const deadline = performance.now() + BACK_WITHIN_MS;
    for (;;) {
      try {
        return await open(member, query, onText);
      } catch (error) {
        if (performance.now() > deadline) throw error;
        again += 1;
        await sleep(Math.random() * RETRY_WITHIN_MS);
      }
    }
  }

  async function open(
    { person, device }: Member,
    query: string,
    onText?: DriverSocket["onText"],
  ): Promise<DriverSocket> {
    const path = `/ws?token=${person.token}&device=${device}${query}`;
    return openSocket(bench.port(), path, (why) => faults.add(`a socket ended: ${why}`), onText);
  }

  return {
    maxRounds: 1,
    async floor(): Promise<Sample> {
      const startedAt = performance.now();
      const sockets = await Promise.all(
        members.map(({ group }) =>
          openSocket(Number(bare.readyLine), `/${group}`, (why) => faults.add(`floor: ${why}`)),
        ),
      );
      const seconds = (performance.now() - startedAt) / 1_000;
      for (const socket of sockets) socket.close();
      return { seconds };
    },
    async ours(): Promise<Sample> {
      const sample = { ...(await storm("memory")), ...(await storm("journal")) };
      const written = groups.map(({ chatId, sender, last }) => ({ chatId, reader: sender, first: 1, last }));
      await readBack(bench, written);
      return sample;
    },
    close: () => bare.stop(),
  };
}

/** What an idle system asks: leases, looks at the log, beats. It goes on during a storm, and is none of it. */
async function upkeepOf(db: pg.Pool) {
  const before = await transactions(db);
  const startedAt = performance.now();
  const count = await transactions(db);
  const perMs = (count - before) / (performance.now() - startedAt);
  const countedAt = performance.now();
  return { until: (ms: number): number => count + perMs * (ms - countedAt) };
}

/** Of this database, by all who use it: most queries are a transaction of their own. */
async function transactions(db: pg.Pool): Promise<number> {
  await sleep(COUNTED_WITHIN_MS);
  const { rows } = await db.query<{ count: string }>(
    "SELECT xact_commit + xact_rollback AS count FROM pg_stat_database WHERE datname = current_database()",
  );
  return Number(rows[0]?.count);
}
