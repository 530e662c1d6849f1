import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import type { Service } from "@chat/shared/lifecycle";
import { createLiveReader } from "@chat/shared/read-model/read-live";
import type { Logger } from "@chat/shared/telemetry/logger";
import type { Metrics } from "@chat/shared/telemetry/metrics";

/** Drift is a bug, not an event of every day. */
const defaultEveryMs = 3_000;
/** Members in one look: it reads ten thousand rows at most, some milliseconds of the database, so that nobody has to wait behind it. */
const sampleSize = 5;
/** Who is further behind is left out: the recount reads every message since. */
const maxMessagesPerMember = 2_000;

interface Dependencies {
  readonly pool: Pool;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly everyMs?: number;
}

interface Drift {
  readonly chat_id: string;
  readonly user_id: number;
  readonly claimed: number;
  readonly counted: number;
}

/**
 * Recounts, in the background, the unread messages of some members from the messages themselves. The counts are exact
 * by construction; this is how we would know if that were not so.
 */
export function createAuditor({ pool, logger, metrics, everyMs = defaultEveryMs }: Dependencies): Service {
  const reader = createLiveReader(pool);
  const drift = metrics.gauge("unread_drift", "By how much the unread counts of the last members recounted were wrong");
  const audited = metrics.counter("unread_audited_total", "Members whose unread count was recounted");
  let stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();

  async function audit(): Promise<void> {
    const { rows } = await reader.read<Drift>({ name: "audit-unread", text: recount, values: [Math.random()] }, []);
    const wrong = rows.filter(({ claimed, counted }) => claimed !== counted);
    for (const row of wrong) logger.error(row, "an unread count has drifted: rebuild the read models");
    drift.set(wrong.reduce((sum, { claimed, counted }) => sum + Math.abs(claimed - counted), 0));
    audited.inc(rows.length);
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

/**
 * Begins at a member row anywhere in the table (a page of it, so that the price does not grow with the table). OFFSET 0
 * keeps the choice apart: together with what stands around it, PostgreSQL would recount first and choose afterwards.
 */
const recount = (schema: string): string => `
  SELECT m.chat_id, m.user_id,
    (m.last_seq - m.read_up_to - m.own_since - (
      SELECT count(*) FROM ${schema}.messages AS d
      WHERE d.chat_id = m.chat_id AND d.deleted AND d.seq > m.read_up_to AND d.sender_id <> m.user_id))::int4 AS claimed,
    (SELECT count(*)::int4 FROM ${schema}.messages AS x
      WHERE x.chat_id = m.chat_id AND x.seq > m.read_up_to AND x.sender_id <> m.user_id AND NOT x.deleted) AS counted
  FROM (
    SELECT chat_id, user_id, read_up_to, own_since, last_seq FROM (
      SELECT * FROM ${schema}.members
      WHERE ctid >= format('(%s,1)', floor($2::float8 * pg_relation_size('${schema}.members') / current_setting('block_size')::int)::int8)::tid AND active
      LIMIT ${sampleSize}
    ) AS member JOIN ${schema}.chats USING (chat_id)
    WHERE NOT degraded AND last_seq - read_up_to <= ${maxMessagesPerMember}
    OFFSET 0
  ) AS m`;
