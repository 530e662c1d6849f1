import type { Pool } from "pg";
import { leaseMs, type Instance, type Lease, type LeaseStore } from "./leases.ts";

/** On this side of the network: a beat that hangs is given up together with its connection, long before the lease runs out. */
const answerWithinMs = 1_000;
/** Rows of instances that are gone are of no use; they are kept for whoever looks into yesterday's trouble. */
const forgetAfter = "1 day";

const lease = `interval '${leaseMs} ms'`;

/**
 * Rows are locked in the order of their partitions, so two instances cannot lock each other out. `clock_timestamp`, since a
 * statement that waited for a lock must not see the time at which it began to wait.
 */
const beatStatement = `
  WITH here AS (
    INSERT INTO directory.instances AS i (role, id, url, able, key_fingerprint, expires_at)
    VALUES ($1, $2, $3, $4, $6, clock_timestamp() + ${lease})
    ON CONFLICT (role, id) DO UPDATE SET url = excluded.url, able = excluded.able,
      key_fingerprint = excluded.key_fingerprint, expires_at = excluded.expires_at
  ), ours AS (
    SELECT partition FROM directory.leases WHERE role = $1 AND owner = $2 AND partition = ANY ($5::int[])
    ORDER BY partition FOR UPDATE
  ), renewed AS (
    UPDATE directory.leases AS l SET expires_at = clock_timestamp() + ${lease}, url = $3
    FROM ours WHERE l.role = $1 AND l.partition = ours.partition
    RETURNING l.partition
  )
  SELECT
    ARRAY(SELECT partition FROM renewed) AS renewed,
    (SELECT coalesce(json_agg(json_build_object('id', id, 'url', url, 'able', able,
        'key', key_fingerprint)), '[]') FROM directory.instances
      WHERE role = $1 AND id <> $2 AND expires_at > clock_timestamp()) AS others,
    (SELECT coalesce(json_agg(json_build_object('partition', partition, 'owner', owner, 'url', url,
        'remainingMs', extract(epoch FROM expires_at - clock_timestamp()) * 1000)), '[]')
      FROM directory.leases WHERE role = $1 AND expires_at > clock_timestamp()) AS leases`;

const claimStatement = `
  INSERT INTO directory.leases AS l (role, partition, owner, url, expires_at)
  SELECT $1, partition, $2, $3, clock_timestamp() + ${lease}
  FROM unnest($4::int[]) AS wanted(partition) ORDER BY partition
  ON CONFLICT (role, partition) DO UPDATE
    SET owner = excluded.owner, url = excluded.url, expires_at = clock_timestamp() + ${lease}
    WHERE l.owner = excluded.owner OR l.expires_at <= clock_timestamp()
  RETURNING partition`;

interface BeatRow {
  readonly renewed: readonly number[];
  readonly others: readonly Instance[];
  readonly leases: readonly Lease[];
}

/** The leases of one role in `directory`. Give it a connection of its own: a renewal that queues up behind requests comes too late. */
export function createPostgresLeases(pool: Pool, role: string): LeaseStore {
  const ask = <Row extends object>(name: string, text: string, values: readonly unknown[]) => {
    const statement = { name, text, values: [role, ...values], query_timeout: answerWithinMs };
    return pool.query<Row>(statement);
  };

  return {
    async beat({ id, url, able, key }, keep) {
      const { rows } = await ask<BeatRow>("lease-beat", beatStatement, [id, url, able, keep, key]);
      const [row] = rows;
      if (row === undefined) throw new Error("no row about leases");
      return { ...row, renewed: new Set(row.renewed) };
    },

    async claim({ id, url }, partitions) {
      const { rows } = await ask<{ partition: number }>("lease-claim", claimStatement, [id, url, partitions]);
      return rows.map(({ partition }) => partition);
    },

    async release({ id }, partitions) {
      await ask(
        "lease-release",
        "DELETE FROM directory.leases WHERE role = $1 AND owner = $2 AND partition = ANY ($3::int[])",
        [id, partitions],
      );
    },

    async leave({ id }) {
      await ask(
        "lease-leave",
        `WITH gone AS (DELETE FROM directory.leases WHERE role = $1 AND owner = $2)
         DELETE FROM directory.instances
         WHERE role = $1 AND (id = $2 OR expires_at < clock_timestamp() - interval '${forgetAfter}')`,
        [id],
      );
    },
  };
}

/** For one who knows that nobody else can be there, such as the only user of a locked data folder: whoever held leases is dead. */
export async function forgetLeases(pool: Pool): Promise<void> {
  await pool.query("TRUNCATE directory.instances, directory.leases");
}
