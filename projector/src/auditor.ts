import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import type { Service } from "@chat/shared/lifecycle";
import { createLiveReader } from "@chat/shared/read-model/read-live";
import type { Logger } from "@chat/shared/telemetry/logger";
import type { Metrics } from "@chat/shared/telemetry/metrics";

/** Drift is a bug, not an event of every day. */
const defaultEveryMs = 3_000;
/** Members in one look: a million of them have all had their turn after some eight hours. */
const maxMembersPerLook = 100;
/** Messages that are read for them: some milliseconds of the database, so that nobody has to wait behind a look. */
const maxMessagesPerLook = 10_000;
/** Who is further behind is left out: the recount reads every message since. */
const maxMessagesPerMember = 2_000;
/** Members found wrong who are looked at again in one look, those first for whom it was the longest ago. */
const maxWrongPerLook = 5;
/** Members found wrong who are remembered: whoever is beyond them is found again when all have had their turn. */
const maxWrong = 1_000;

interface Dependencies {
  readonly pool: Pool;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly everyMs?: number;
}

interface Member {
  readonly chat_id: string;
  readonly user_id: number;
}

interface Look extends Member {
  /** False for whoever has left, and in a chat whose rows are known to be wrong. */
  readonly counts: boolean;
  /** Null: not recounted. */
  readonly claimed: number | null;
  readonly counted: number | null;
  /** The schema whose rows these are. */
  readonly generation: string;
}

interface Drift extends Member {
  readonly by: number;
  readonly generation: string;
}

const beforeAll: Member = { chat_id: "00000000-0000-0000-0000-000000000000", user_id: 0 };

/**
 * Recounts, in the background, the unread messages of all members, some at a time, from the messages themselves. The
 * counts are exact by construction; this is how we would know if that were not so. It goes round in the order of the
 * members' keys, which are the same in all generations, so a rebuild does not turn it back. Whom it has found wrong it
 * looks at again in every look until the count is right, so that whoever reads the gauge now and then sees it.
 */
export function createAuditor({ pool, logger, metrics, everyMs = defaultEveryMs }: Dependencies): Service {
  const reader = createLiveReader(pool);
  const drift = metrics.gauge(
    "unread_drift",
    "By how much unread counts were found wrong that are not right again yet",
  );
  const audited = metrics.counter("unread_audited_total", "Members whose unread count was recounted");
  const wrong = new Map<string, Drift>();
  /** The member whom the last look ended at; null before the first. */
  let place: Member | null = null;
  let stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();

  async function audit(): Promise<void> {
    for (const look of await lookOn()) judge(look);
    await lookAgain();
    drift.set([...wrong.values()].reduce((sum, { by }) => sum + Math.abs(by), 0));
  }

  /** A program that is started often, or beside others, does not begin where it began before: somebody would never have a turn. */
  async function somewhere(): Promise<Member> {
    const { rows } = await reader.read<Member>({ name: "audit-start", text: anyMember, values: [Math.random()] }, []);
    return rows[0] ?? beforeAll;
  }

  async function lookOn(): Promise<readonly Look[]> {
    place ??= await somewhere();
    const values = [place.chat_id, place.user_id];
    const { rows } = await reader.read<Look>({ name: "audit-unread", text: nextMembers, values }, []);
    place = rows.at(-1) ?? beforeAll;
    return rows;
  }

  async function lookAgain(): Promise<void> {
    const asked = [...wrong].slice(0, maxWrongPerLook);
    if (asked.length === 0) return;
    const values = [asked.map(([, { chat_id }]) => chat_id), asked.map(([, { user_id }]) => user_id)];
    const { rows } = await reader.read<Look>({ name: "audit-wrong", text: theseMembers, values }, []);
    const looks = new Map(rows.map((look) => [keyOf(look), look]));
    for (const [key, known] of asked) {
      const look = looks.get(key);
      wrong.delete(key);
      if (look === undefined) continue;
      // Behind all others now, so that those have their turn first.
      wrong.set(key, known);
      judge(look);
    }
  }

  function judge({ chat_id, user_id, counts, claimed, counted, generation }: Look): void {
    const key = keyOf({ chat_id, user_id });
    const known = wrong.get(key);
    if (claimed === null || counted === null) {
      // Too far behind to be recounted: what was found wrong in these very rows is wrong still.
      if (!counts || known?.generation !== generation) wrong.delete(key);
      return;
    }
    audited.inc();
    const by = claimed - counted;
    if (by === 0) {
      wrong.delete(key);
      return;
    }
    if (known?.by !== by)
      logger.error({ chat_id, user_id, claimed, counted }, "an unread count has drifted: rebuild the read models");
    if (known !== undefined || wrong.size < maxWrong) wrong.set(key, { chat_id, user_id, by, generation });
  }

  async function run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await audit().catch((error: unknown) => logger.warn({ err: error }, "unread counts could not be audited"));
      await sleep(everyMs, undefined, { signal }).catch(() => undefined);
    }
  }

  return {
    name: "auditor",
    start() {
      stopping = new AbortController();
      running = run(stopping.signal);
      return Promise.resolve();
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

function keyOf({ chat_id, user_id }: Member): string {
  return `${chat_id} ${user_id}`;
}

/** The first member of any page of the table, so that the price does not grow with it. */
const anyMember = (schema: string): string => `
  SELECT chat_id, user_id FROM ${schema}.members
  WHERE ctid >= format('(%s,1)', floor($2::float8 * pg_relation_size('${schema}.members') / current_setting('block_size')::int)::int8)::tid
  LIMIT 1`;

/** Along the primary key, former members too: whoever is passed over is bounded as well. */
const nextMembers = (schema: string): string =>
  recount(
    schema,
    `SELECT * FROM ${schema}.members WHERE (chat_id, user_id) > ($2::uuid, $3::int8)
      ORDER BY chat_id, user_id LIMIT ${maxMembersPerLook}`,
  );

const theseMembers = (schema: string): string =>
  recount(
    schema,
    `SELECT * FROM ${schema}.members JOIN unnest($2::uuid[], $3::int8[]) AS asked (chat_id, user_id) USING (chat_id, user_id)`,
  );

/**
 * Of the members that `chosen` selects, in the order of their keys, as many as together are not further behind than a look may read.
 * OFFSET 0 keeps the choice apart: together with what stands around it, PostgreSQL would recount first and choose afterwards.
 */
const recount = (schema: string, chosen: string): string => `
  SELECT m.chat_id, m.user_id, m.counts, '${schema}' AS generation,
    CASE WHEN m.behind IS NOT NULL THEN (m.behind - m.own_since - (
      SELECT count(*) FROM ${schema}.messages AS d
      WHERE d.chat_id = m.chat_id AND d.deleted AND d.seq > m.read_up_to AND d.sender_id <> m.user_id))::int4 END AS claimed,
    CASE WHEN m.behind IS NOT NULL THEN (
      SELECT count(*)::int4 FROM ${schema}.messages AS x
      WHERE x.chat_id = m.chat_id AND x.seq > m.read_up_to AND x.sender_id <> m.user_id AND NOT x.deleted) END AS counted
  FROM (
    SELECT *, coalesce(sum(greatest(behind, 0)) OVER (ORDER BY chat_id, user_id), 0) AS messages FROM (
      SELECT chat_id, user_id, read_up_to, own_since, coalesce(active AND NOT degraded, false) AS counts,
        CASE WHEN active AND NOT degraded AND last_seq - read_up_to <= ${maxMessagesPerMember}
          THEN last_seq - read_up_to END AS behind
      FROM (${chosen}) AS member LEFT JOIN ${schema}.chats USING (chat_id)
      OFFSET 0
    ) AS known
  ) AS m
  WHERE messages <= ${maxMessagesPerLook}
  ORDER BY m.chat_id, m.user_id`;
