import type { ClientBase, CustomTypesConfig, Pool, QueryResultRow } from "pg";
import { parseEpoch, type Position } from "../log/position.ts";

/** Rows of the live read models and the positions that they are complete up to, from one snapshot. */
export interface LiveRows<Row> {
  readonly rows: readonly Row[];
  /** By partition; holds the partitions that were asked for. */
  readonly positions: ReadonlyMap<number, Position>;
}

export interface LiveQuery {
  /** Names the prepared statement; the schema's name is added. */
  readonly name: string;
  /** The select over the tables of `schema`. Its parameters begin at $2; it must not name a column `live_…`. */
  readonly text: (schema: string) => string;
  readonly values: readonly unknown[];
  /** Who reads the values; those of the pool when absent. */
  readonly types?: CustomTypesConfig;
}

export interface LiveReader {
  /** Reads rows together with the checkpoints of `partitions` ("all" for every one) in one statement: one snapshot. */
  read<Row extends QueryResultRow>(query: LiveQuery, partitions: readonly number[] | "all"): Promise<LiveRows<Row>>;
}

/** A switch of the read models during a query makes it start over; more switches than this are no accident. */
const maxSwitchesPerRead = 3;
const undefinedTable = "42P01";

/**
 * Reads whichever generation of the read models is live. A rebuild switches generations by changing the row
 * `read.live`; each statement reads that row in its own snapshot, and when it names another generation than the one
 * that was asked, the answer is thrown away and asked again. (Renaming schemas instead is not safe under snapshots.)
 */
export function createLiveReader(pool: Pool | ClientBase): LiveReader {
  let schema: string | null = null;
  let last = { text: "", positions: parsePositions("") };

  /** As long as nothing is projected every answer stands at the same positions, and they need not be parsed anew. */
  function positionsOf(text: string): ReadonlyMap<number, Position> {
    if (last.text !== text) last = { text, positions: parsePositions(text) };
    return last.positions;
  }

  async function liveSchema(): Promise<string> {
    const result = await pool.query<{ schema_name: string }>("SELECT schema_name FROM read.live");
    const row = result.rows[0];
    if (row === undefined) throw new Error("read.live is empty: the migrations have not run");
    return row.schema_name;
  }

  return {
    async read<Row extends QueryResultRow>(query: LiveQuery, partitions: readonly number[] | "all") {
      for (let attempt = 0; attempt < maxSwitchesPerRead; attempt += 1) {
        const asked = (schema ??= await liveSchema());
        const result = await pool
          .query<Row & Meta>({
            name: `${query.name}@${asked}`,
            text: withMeta(asked, query.text(asked)),
            values: [partitions === "all" ? null : partitions, ...query.values],
            ...(query.types === undefined ? {} : { types: query.types }),
          })
          .catch((error: unknown) => {
            if (isUndefinedTable(error)) return null;
            throw error;
          });
        const live = result?.rows[0]?.live_schema;
        if (result !== null && live === asked) {
          return {
            rows: result.rows.filter((row) => row.live_row === true),
            positions: positionsOf(result.rows[0]?.live_positions ?? ""),
          };
        }
        schema = null;
      }
      throw new Error("the live read models changed again and again during one read");
    },
  };
}

interface Meta {
  readonly live_schema: string;
  /** `<partition> <offset> <epoch>,…`: a text, since it comes with every row and is read once. */
  readonly live_positions: string | null;
  readonly live_row: boolean | null;
}

function withMeta(schema: string, text: string): string {
  return `SELECT live.schema_name AS live_schema,
      (SELECT string_agg(partition || ' ' || next_offset || ' ' || epoch, ',') FROM ${schema}.checkpoints
        WHERE $1::int[] IS NULL OR partition = ANY ($1)) AS live_positions,
      found.*
    FROM read.live AS live LEFT JOIN LATERAL (SELECT true AS live_row, asked.* FROM (${text}) AS asked) AS found ON true`;
}

function parsePositions(text: string): ReadonlyMap<number, Position> {
  const positions = new Map<number, Position>();
  for (const one of text === "" ? [] : text.split(",")) {
    const [partition, offset, epoch] = one.split(" ");
    positions.set(Number(partition), { offset: Number(offset), epoch: parseEpoch(epoch ?? "") });
  }
  return positions;
}

function isUndefinedTable(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === undefinedTable;
}
