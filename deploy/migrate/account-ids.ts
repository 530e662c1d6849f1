import type { Pool } from "pg";
import { decodeEvent, PoisonEvent } from "@chat/shared/events/event-record";
import { namedUsers } from "@chat/shared/events/named-users";
import { isUserId } from "@chat/shared/ids";
import type { EventLog, StoredRecord } from "@chat/shared/log/event-log";
import { createLiveReader } from "@chat/shared/read-model/read-live";
import type { Logger } from "@chat/shared/telemetry/logger";

/** Who waits longer than this for the log to be read is told how far it is, and again after as long. */
const sayEveryMs = 1_000;

interface Options {
  readonly log: EventLog;
  /** As the owner of the tables. */
  readonly pool: Pool;
  readonly logger: Logger;
}

/**
 * Sees to it that the id of an account is never given twice. A database that was restored to an older state has lost accounts
 * whose ids the log knows; the next to register would get such an id, and with it the chats of the one who was lost. So the
 * counter of ids is brought above every id in the live read models and in the log behind them. It is never lowered. Where the
 * read models are at the end of the log, as at most starts, nothing is read. Throws what the log or the database throws.
 */
export async function keepAccountIds({ log, pool, logger }: Options): Promise<void> {
  const { highest: projected, positions } = await readModels(pool);
  const highest = await highestBehind({ log, logger }, positions, projected);
  const lifted = await liftCounter(pool, highest);
  if (lifted === null) return;
  logger.warn(
    { from: lifted, to: String(highest) },
    "the log names users who have no account here: their ids are not given to anybody else",
  );
}

interface Projected {
  readonly highest: bigint;
  /** Next offset by partition. */
  readonly positions: ReadonlyMap<number, number>;
}

/** Whoever did anything in a chat was a member of it once, so the members of all times are all users. */
async function readModels(pool: Pool): Promise<Projected> {
  const { rows, positions } = await createLiveReader(pool).read<{ highest: string | null }>(
    {
      name: "highest-user-id",
      text: (schema) => `SELECT max(user_id)::text AS highest FROM ${schema}.member_spans`,
      values: [],
    },
    "all",
  );
  return {
    highest: BigInt(rows[0]?.highest ?? 0),
    positions: new Map([...positions].map(([partition, { offset }]) => [partition, offset])),
  };
}

/**
 * Reads from the positions to the end, batch by batch. Past the fence: records that it drops name users as well, and of ids
 * too many do no harm; and one partition in which readers halt keeps nobody from migrating. Read models that know more than
 * the log, which was cut then, leave nothing to read.
 */
async function highestBehind(
  { log, logger }: Pick<Options, "log" | "logger">,
  positions: ReadonlyMap<number, number>,
  projected: bigint,
): Promise<bigint> {
  const ends = await log.ends();
  const behind = ends.flatMap((end, partition) => {
    const from = positions.get(partition) ?? 0;
    return from < end ? [{ partition, from, end }] : [];
  });
  if (behind.length === 0) return projected;
  const total = behind.reduce((sum, { from, end }) => sum + end - from, 0);
  const left = new Map(behind.map(({ partition, end }) => [partition, end]));
  const over = new AbortController();
  let [highest, read, saidAt] = [projected, 0, performance.now()];
  try {
    for await (const { partition, records, next } of log.read(
      new Map(behind.map(({ partition, from }) => [partition, from])),
      over.signal,
    )) {
      for (const record of records) {
        for (const id of usersIn(record, partition, logger)) if (BigInt(id) > highest) highest = BigInt(id);
      }
      read += records.length;
      if (next >= (left.get(partition) ?? Infinity)) left.delete(partition);
      if (left.size === 0) return highest;
      if (performance.now() - saidAt < sayEveryMs) continue;
      saidAt = performance.now();
      logger.info({ read, of: total }, "looking for user ids in the part of the log that the read models do not hold");
    }
  } finally {
    over.abort();
  }
  throw new Error("the log stopped in the middle");
}

/**
 * An event that cannot be understood stops its partition's projector, and often a newer release is what helps: so it must
 * not stop whoever migrates to that one. What it names in the fields that are known for users counts all the same.
 */
function usersIn(record: StoredRecord, partition: number, logger: Logger): readonly string[] {
  if (record.kind !== "event") return [];
  try {
    return namedUsers(decodeEvent(record.value));
  } catch (error) {
    if (!(error instanceof PoisonEvent)) throw error;
    logger.warn(
      { partition, offset: record.offset, reason: error.message },
      "an event cannot be understood: of the users whom it names, those in known fields are counted",
    );
    return usersInUnknown(record.value);
  }
}

/** Not in any field: a client's own key may look like an id, and would lift the counter as high as the client likes. */
const userFields: ReadonlySet<string> = new Set(["actor", "userId", "senderId", "slowest"]);

function usersInUnknown(text: string): readonly string[] {
  const found: string[] = [];
  try {
    JSON.parse(text, (name, value: unknown) => {
      if (userFields.has(name) && typeof value === "string" && isUserId(value)) found.push(value);
      return value;
    });
  } catch {
    // No JSON names nobody.
  }
  return found;
}

/**
 * Lifts the counter to `highest`, unless it is there. Gives back where it stood, null when nothing was to be done. Nobody
 * registers between the look and the change: the lock keeps out whoever inserts, who takes an id under a lock of his own.
 */
async function liftCounter(pool: Pool, highest: bigint): Promise<string | null> {
  const lower = "last_value < $1::bigint OR (last_value = $1::bigint AND NOT is_called)";
  const { rowCount } = await pool.query(`SELECT FROM identity.users_id_seq WHERE ${lower}`, [String(highest)]);
  if (rowCount === 0) return null;
  const client = await pool.connect();
  try {
    await client.query("BEGIN; LOCK TABLE identity.users IN SHARE ROW EXCLUSIVE MODE");
    const { rows } = await client.query<{ before: string }>(
      `SELECT last_value::text AS before, setval('identity.users_id_seq', $1::bigint) FROM identity.users_id_seq WHERE ${lower}`,
      [String(highest)],
    );
    await client.query("COMMIT");
    return rows[0]?.before ?? null;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}
