import type { ClientBase } from "pg";
import { CannotStart } from "@chat/shared/cannot-start";
import type { EventLog } from "@chat/shared/log/event-log";
import { createClient } from "@chat/shared/postgres/connect";
import type { Logger } from "@chat/shared/telemetry/logger";
import { canonicalDump, differences } from "./canonical-dump.ts";
import { dropWhenUnseen } from "./drop-generation.ts";
import { liveSchema, prepareForProjecting, readPositions, selectPositions, type Positions } from "./generation.ts";
import { projectUpTo, RebuildFailed, recordsLeft, type NewGeneration } from "./project-up-to.ts";
import { readTables } from "./read-tables.ts";
import { sameRights } from "./same-rights.ts";

/** Whoever rebuilds holds this advisory lock. Any number, the same in all versions of this program. */
const rebuildLock = 7_240_119;

/**
 * While the switch catches up with what came in last, the live projector waits: for no more records than this, a
 * fraction of a second. Twice as many at each further attempt, so that a switch under full load comes about as well.
 */
const maxRecordsInSwitch = 2_000;
const maxSwitchAttempts = 8;

export interface RebuildOptions {
  readonly log: EventLog;
  readonly databaseUrl: string;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** What is being done and how far it is, for a person. */
  readonly report: (line: string) => void;
  /** Switch although the new rows are not the old ones: for code that was changed to make other rows. */
  readonly acceptDifferences: boolean;
}

/**
 * Makes the read models anew, beside those that answer, from the first event on and by the same code; compares the two
 * at one position; switches. Commands and reads go on throughout, and the running projector goes on in the new
 * generation by itself. Throws `RebuildFailed`, with the live read models as they were, or `CannotStart`.
 */
export async function rebuild(options: RebuildOptions): Promise<void> {
  const { log, databaseUrl: url, logger, signal, report, acceptDifferences } = options;
  // One connection locks and compares, the other projects.
  const keeper = createClient({ url, name: "rebuild", log: logger });
  const client = createClient({ url, name: "rebuild", log: logger, pipeline: true });
  try {
    await keeper.connect();
    await client.connect();
    await prepareForProjecting(client);
    await lockOutOthers(keeper);
    const old = await liveSchema(keeper);
    const schema = await makeGeneration(keeper, old);
    const skipped = await readSkipped(keeper);
    const generation: NewGeneration = {
      log,
      client,
      schema,
      signal,
      wasSkipped: (partition, offset) => skipped.has(`${partition}@${offset}`),
      committed: reporter(report, schema),
    };
    const catchUp = async (target: Positions): Promise<void> =>
      projectUpTo(generation, await readPositions(client, schema, log.partitions), target);

    await catchUp(await selectPositions(keeper, old));
    await compare(keeper, old, schema, catchUp, acceptDifferences ? report : fail);
    await switchTo(keeper, old, schema, catchUp);
    report(`${schema} is live`);
    await dropWhenUnseen(keeper, old, signal, report);
  } finally {
    await Promise.allSettled([keeper.end(), client.end()]);
  }
}

type CatchUp = (target: Positions) => Promise<void>;

async function lockOutOthers(keeper: ClientBase): Promise<void> {
  const { rows } = await keeper.query<{ locked: boolean }>("SELECT pg_try_advisory_lock($1) AS locked", [rebuildLock]);
  if (rows[0]?.locked !== true) throw new CannotStart("another rebuild is at work on this database");
}

/** Empty tables under the next number, for whoever may read or write the live ones. What a rebuild that was cut has left behind goes. */
async function makeGeneration(keeper: ClientBase, old: string): Promise<string> {
  const { rows: leftovers } = await keeper.query<{ name: string }>(
    "SELECT nspname AS name FROM pg_namespace WHERE nspname ~ '^read_[0-9]+$' AND nspname <> $1",
    [old],
  );
  const schema = `read_${Number(old.slice("read_".length)) + 1}`;
  const grants = await sameRights(keeper, old, schema);
  await keeper.query(`
    BEGIN;
    ${leftovers.map(({ name }) => `DROP SCHEMA ${name} CASCADE;`).join("\n")}
    CREATE SCHEMA ${schema};
    ${readTables(schema)}
    ${grants.join("\n")}
    COMMIT`);
  return schema;
}

async function readSkipped(keeper: ClientBase): Promise<ReadonlySet<string>> {
  const { rows } = await keeper.query<{ partition: number; offset: number }>(
    `SELECT partition, "offset" FROM read.skipped`,
  );
  return new Set(rows.map(({ partition, offset }) => `${partition}@${offset}`));
}

/**
 * The live rows as they are at one moment, and the new ones brought to exactly the same position. Chats of which
 * something was skipped are left out: they are what a rebuild heals.
 */
async function compare(
  keeper: ClientBase,
  old: string,
  schema: string,
  catchUp: CatchUp,
  differ: (line: string) => void,
): Promise<void> {
  await keeper.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  const target = await selectPositions(keeper, old);
  const { rows } = await keeper.query<{ chat_id: string }>(`SELECT chat_id FROM ${old}.chats WHERE degraded`);
  const degraded = rows.map(({ chat_id }) => chat_id);
  const before = await canonicalDump(keeper, old, degraded);
  await keeper.query("COMMIT");
  await catchUp(target);
  const after = await canonicalDump(keeper, schema, degraded);
  const tables = differences(before, after);
  if (tables.length > 0) differ(`the rows of ${tables.join(", ")} in ${schema} are not those of ${old}`);
}

function fail(line: string): never {
  throw new RebuildFailed(`${line}; if the code was changed to make other rows, rebuild with --accept-differences`);
}

/**
 * Both generations at one position, and nobody writes the old one: then the new one answers. The old checkpoints are
 * retired in the same transaction, so that no projector can move them any more: that is how the running one notices.
 */
async function switchTo(keeper: ClientBase, old: string, schema: string, catchUp: CatchUp): Promise<void> {
  for (let attempt = 0; attempt < maxSwitchAttempts; attempt += 1) {
    await catchUp(await selectPositions(keeper, old));
    await keeper.query("BEGIN");
    try {
      await keeper.query(`LOCK TABLE ${old}.checkpoints IN EXCLUSIVE MODE`);
      const target = await selectPositions(keeper, old);
      if (recordsLeft(await selectPositions(keeper, schema), target) <= maxRecordsInSwitch * 2 ** attempt) {
        await catchUp(target);
        await keeper.query(`LOCK TABLE ${schema}.checkpoints IN EXCLUSIVE MODE`);
        if (recordsLeft(await selectPositions(keeper, schema), target) > 0) {
          throw new RebuildFailed("somebody has moved the checkpoints of the new read models");
        }
        await keeper.query(
          `UPDATE read.live SET schema_name = '${schema}'; UPDATE ${old}.checkpoints SET next_offset = -1`,
        );
        await keeper.query("COMMIT");
        return;
      }
    } catch (error) {
      await keeper.query("ROLLBACK");
      throw error;
    }
    await keeper.query("ROLLBACK");
  }
  throw new RebuildFailed("the live read models move on faster than the new ones are made");
}

/** A line for every tenth of the way, and one at the end. */
function reporter(report: (line: string) => void, schema: string): (left: number) => void {
  let all = 0;
  let said = Infinity;
  return (left) => {
    all = Math.max(all, left);
    if (left > said - all / 10 && left > 0) return;
    said = left;
    report(`${schema}: ${left} records to go`);
  };
}
