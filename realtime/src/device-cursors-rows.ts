import type { Pool } from "pg";
import { boolArray, int8Array, textArray, uuidArray } from "@chat/shared/postgres/binary-array";
import { highest, lowest, type Offsets } from "./offsets.ts";

/** Whose cursor. With a chat: that of the sockets which show this one chat, where proof says nothing about others. */
export interface DeviceKey {
  readonly userId: string;
  readonly deviceId: string;
  readonly chatId: string | null;
}

export type HolderState = "open" | "left" | "closed";

/** What this instance holds of a device. */
export interface HeldCursor extends DeviceKey {
  readonly offsets: Offsets;
  readonly state: HolderState;
  /** From now on this row speaks for all that was left of the device elsewhere. */
  readonly takesUp: boolean;
  /** It may lie below what is stored: what was left elsewhere lay there. Else what is stored only ever rises. */
  readonly mayFall: boolean;
}

/** `new`: no socket of this device was ever here. `other log`: what is stored means nothing any more. */
export type FoundCursor =
  { readonly status: "known"; readonly offsets: Offsets } | { readonly status: "new" | "other log" };

export interface DeviceCursorRows {
  /** Where each of these devices starts, in the order asked. `held`: what this instance has in memory counts, not its row. */
  find(asked: readonly (DeviceKey & { readonly held: Offsets | null })[]): Promise<readonly FoundCursor[]>;
  store(cursors: readonly HeldCursor[]): Promise<void>;
  /** The user's devices that had a socket which showed this one chat: the latest, of this log. */
  devicesIn(userId: string, chatId: string): Promise<readonly string[]>;
  /** Says that this instance is at work, which it must do more often than every `GONE_AFTER_SECONDS`. */
  seen(): Promise<void>;
  /** Forgets, some thousands at a time, devices that nobody has seen for very long, and instances that are no more. */
  prune(): Promise<void>;
}

/** An instance that was not seen for so long is gone; one that only paused writes its rows again when it goes on. */
const GONE_AFTER_SECONDS = 10;

/**
 * A device that stays away longer is forgotten, so that the table does not grow for ever. More than a year, so that a
 * cursor that is a year old is as good as one of a second ago. Who comes back later begins like a new device: `resumed`
 * is false, and a snapshot says the rest. A cursor that the client itself kept is good all the same.
 */
const FORGOTTEN_AFTER_DAYS = 400;
/** Long after all that an instance had open counts as left. */
const HOLDERS_FORGOTTEN_AFTER_DAYS = 1;
/** Rows forgotten in one statement, which others wait for. */
const MAX_FORGOTTEN = 5_000;

/** A user has a handful; who makes up a name for each socket is served by the latest of them. */
const MAX_DEVICES_OF_USER = 100;

export interface DeviceCursorRowsOptions {
  readonly pool: Pick<Pool, "query">;
  /** A new id for each start of an instance. */
  readonly holder: string;
  /** As `shortLogId` says it. */
  readonly log: string;
}

export function createDeviceCursorRows({ pool, holder, log }: DeviceCursorRowsOptions): DeviceCursorRows {
  return {
    async find(asked) {
      const { rows } = await pool.query<FoundRow>({
        name: "device-cursors-find",
        text: findText,
        values: [...keyColumns(asked), holder],
      });
      const byKey = new Map<number, FoundRow[]>();
      for (const row of rows) {
        const found = byKey.get(row.place);
        if (found === undefined) byKey.set(row.place, [row]);
        else found.push(row);
      }
      return asked.map(({ held }, index) => cursorOf(byKey.get(index + 1) ?? [], held, log));
    },

    async store(cursors) {
      await pool.query({
        name: "device-cursors-store",
        text: storeText,
        values: [
          ...keyColumns(cursors),
          holder,
          textArray(cursors.map(({ offsets }) => `{${offsets.join(",")}}`)),
          textArray(cursors.map(({ state }) => state)),
          boolArray(cursors.map(({ takesUp }) => takesUp)),
          log,
          boolArray(cursors.map(({ mayFall }) => mayFall)),
        ],
      });
    },

    async prune() {
      await pool.query({
        name: "device-cursors-prune",
        text: `DELETE FROM devices.cursors WHERE ctid = ANY (ARRAY (
          SELECT ctid FROM devices.cursors AS c
          WHERE greatest(moved_at, taken_at) < now() - interval '${FORGOTTEN_AFTER_DAYS} days'
            AND NOT (state = 'open' AND ${isAtWork("c")})
          LIMIT ${MAX_FORGOTTEN}))`,
      });
      await pool.query({
        name: "device-cursors-prune-holders",
        text: `DELETE FROM devices.holders
          WHERE seen_at < now() - interval '${HOLDERS_FORGOTTEN_AFTER_DAYS} days'`,
      });
    },

    async devicesIn(userId, chatId) {
      const { rows } = await pool.query<{ device_id: string }>({
        name: "device-cursors-devices",
        text: `SELECT device_id FROM devices.cursors WHERE user_id = $1::bigint AND chat_id = $2::uuid AND log = $3
          GROUP BY device_id ORDER BY max(moved_at) DESC LIMIT ${MAX_DEVICES_OF_USER}`,
        values: [userId, chatId, log],
      });
      return rows.map(({ device_id: deviceId }) => deviceId);
    },

    async seen() {
      await pool.query({
        name: "device-cursors-seen",
        text: `INSERT INTO devices.holders (holder) VALUES ($1)
          ON CONFLICT (holder) DO UPDATE SET seen_at = now()`,
        values: [holder],
      });
    },
  };
}

interface FoundRow {
  readonly place: number;
  readonly own: boolean;
  readonly log: string;
  readonly offsets: readonly string[];
  /** Counts as a floor: a socket is open on it, or ended without a word and nobody has taken it up. */
  readonly is_floor: boolean;
}

/**
 * The device's cursor: the lowest of all floors. Where there is none, every socket was closed by its client, and the
 * device has got as far as any of them.
 */
function cursorOf(rows: readonly FoundRow[], held: Offsets | null, log: string): FoundCursor {
  const others = held === null ? rows : rows.filter((row) => !row.own);
  const ofThisLog = others.filter((row) => row.log === log);
  if (held === null && ofThisLog.length === 0) return { status: others.length === 0 ? "new" : "other log" };
  const floors = ofThisLog.filter((row) => row.is_floor).map(offsetsOf);
  if (held !== null) floors.push(held);
  const offsets = floors.length > 0 ? floors.reduce(lowest) : ofThisLog.map(offsetsOf).reduce(highest);
  return { status: "known", offsets };
}

const offsetsOf = ({ offsets }: FoundRow): Offsets => offsets.map(Number);

function keyColumns(keys: readonly DeviceKey[]): Buffer[] {
  return [
    int8Array(keys.map(({ userId }) => Number(userId))),
    textArray(keys.map(({ deviceId }) => deviceId)),
    uuidArray(keys.map(({ chatId }) => chatId)),
  ];
}

const sameDevice = (one: string, other: string): string =>
  `${one}.user_id = ${other}.user_id AND ${one}.device_id = ${other}.device_id
    AND ${one}.chat_id IS NOT DISTINCT FROM ${other}.chat_id`;

/** Another instance's row has begun at or below this one, and this one has not moved since. */
const isCovered = (row: string): string => `EXISTS (
  SELECT FROM devices.cursors AS other
  WHERE ${sameDevice("other", row)} AND other.holder <> ${row}.holder AND other.taken_at >= ${row}.moved_at)`;

const isAtWork = (row: string): string => `EXISTS (
  SELECT FROM devices.holders AS h
  WHERE h.holder = ${row}.holder AND h.seen_at > now() - interval '${GONE_AFTER_SECONDS} seconds')`;

const findText = `
  SELECT asked.place::int AS place, c.holder = $4::uuid AS own, c.log, c.offsets,
    (c.state = 'open' AND ${isAtWork("c")}) OR (c.state <> 'closed' AND NOT ${isCovered("c")}) AS is_floor
  FROM unnest($1::int8[], $2::text[], $3::uuid[]) WITH ORDINALITY AS asked (user_id, device_id, chat_id, place)
  JOIN devices.cursors AS c ON ${sameDevice("c", "asked")}`;

/** Rows of others go when this one speaks for them, or when their clients had said goodbye. */
const storeText = `
  WITH held AS (
    SELECT user_id, device_id, chat_id, offsets::int8[] AS offsets, state, takes_up, may_fall
    FROM unnest($1::int8[], $2::text[], $3::uuid[], $5::text[], $6::text[], $7::bool[], $9::bool[])
      AS held (user_id, device_id, chat_id, offsets, state, takes_up, may_fall)
  ), gone AS (
    DELETE FROM devices.cursors AS c USING held
    WHERE held.takes_up AND ${sameDevice("c", "held")} AND c.holder <> $4::uuid
      AND NOT (c.state = 'open' AND ${isAtWork("c")}) AND c.moved_at < now()
  )
  INSERT INTO devices.cursors AS c (user_id, device_id, chat_id, holder, log, offsets, state, taken_at)
  SELECT user_id, device_id, chat_id, $4::uuid, $8::text, offsets, state,
    CASE WHEN may_fall THEN now() ELSE '-infinity' END
  FROM held
  ON CONFLICT (user_id, device_id, chat_id, holder) DO UPDATE SET
    log = excluded.log,
    offsets = CASE
      WHEN c.log <> excluded.log OR isfinite(excluded.taken_at) THEN excluded.offsets
      ELSE devices.later(c.offsets, excluded.offsets) END,
    state = excluded.state,
    moved_at = CASE WHEN c.offsets = excluded.offsets THEN c.moved_at ELSE now() END,
    taken_at = greatest(c.taken_at, excluded.taken_at)`;
