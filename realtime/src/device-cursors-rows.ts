import type { Pool } from "pg";
import { boolArray, int8Array, textArray, uuidArray } from "@chat/shared/postgres/binary-array";
import type { SocketFacts, Standing } from "./succession.ts";

/** Whose cursor. With a chat: that of the sockets which show this one chat, where proof says nothing about others. */
export interface DeviceKey {
  readonly userId: string;
  readonly deviceId: string;
  readonly chatId: string | null;
}

/** A socket of this instance, to be stored. */
export interface HeldSocket extends DeviceKey, Omit<SocketFacts, "succeeds"> {
  /** Else it is stored only if it is there: others may have taken its place meanwhile. */
  readonly isNew: boolean;
}

export interface StoredSocket extends SocketFacts {
  /** Of another log what is stored means nothing. */
  readonly ofThisLog: boolean;
}

export interface DeviceCursorRows {
  /** The sockets of each of these devices, in the order asked. What an instance that is gone had open is `left`. */
  find(asked: readonly DeviceKey[], why?: "handshake" | "upkeep"): Promise<readonly (readonly StoredSocket[])[]>;
  store(sockets: readonly HeldSocket[]): Promise<void>;
  /** Keeps no more than counts. What is told of rows that are not there is ignored. */
  tidy(standing: Pick<Standing, "successions" | "over">): Promise<void>;
  /** The user's devices that had a socket which showed this one chat: the latest, of this log. */
  devicesIn(userId: string, chatId: string): Promise<readonly string[]>;
  /** Says that this instance is at work, more often than every `GONE_AFTER_SECONDS`; resolves with the time, in milliseconds. */
  seen(): Promise<number>;
  /** Forgets, some thousands at a time, devices that nobody has seen for very long, and instances that are no more. */
  prune(): Promise<void>;
}

/** An instance that was not seen for so long is gone; one that only paused goes on with those that are still open. */
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
    async find(asked, why = "handshake") {
      const { rows } = await pool.query<FoundRow>({
        name: `device-sockets-find-${why}`,
        text: findText,
        values: keyColumns(asked),
      });
      const found: StoredSocket[][] = asked.map(() => []);
      for (const row of rows) found[row.place - 1]?.push(socketOf(row, log));
      return found;
    },

    async store(sockets) {
      await pool.query({
        name: "device-sockets-store",
        text: storeText,
        values: [
          ...keyColumns(sockets),
          holder,
          log,
          uuidArray(sockets.map(({ socket }) => socket)),
          textArray(sockets.map(({ offsets }) => `{${offsets.join(",")}}`)),
          textArray(sockets.map(({ state }) => state)),
          boolArray(sockets.map(({ exact }) => exact)),
          textArray(sockets.map(({ beganAt }) => String(beganAt))),
          textArray(sockets.map(({ aliveAt }) => String(aliveAt))),
          boolArray(sockets.map(({ isNew }) => isNew)),
        ],
      });
    },

    async tidy({ successions, over }) {
      await pool.query({
        name: "device-sockets-tidy",
        text: tidyText,
        values: [
          uuidArray(successions.map(({ left }) => left)),
          uuidArray(successions.map(({ by }) => by)),
          textArray(successions.map(({ offsets }) => `{${offsets.join(",")}}`)),
          uuidArray(over),
        ],
      });
    },

    async prune() {
      await pool.query({
        name: "device-sockets-prune",
        text: `DELETE FROM devices.sockets WHERE ctid = ANY (ARRAY (
          SELECT ctid FROM devices.sockets AS s
          WHERE moved_at < now() - interval '${FORGOTTEN_AFTER_DAYS} days' AND NOT (state = 'open' AND ${isAtWork("s")})
          LIMIT ${MAX_FORGOTTEN}))`,
      });
      await pool.query({
        name: "device-sockets-prune-holders",
        text: `DELETE FROM devices.holders
          WHERE seen_at < now() - interval '${HOLDERS_FORGOTTEN_AFTER_DAYS} days'`,
      });
    },

    async devicesIn(userId, chatId) {
      const { rows } = await pool.query<{ device_id: string }>({
        name: "device-sockets-devices",
        text: `SELECT device_id FROM devices.sockets WHERE user_id = $1::bigint AND chat_id = $2::uuid AND log = $3
          GROUP BY device_id ORDER BY max(moved_at) DESC LIMIT ${MAX_DEVICES_OF_USER}`,
        values: [userId, chatId, log],
      });
      return rows.map(({ device_id: deviceId }) => deviceId);
    },

    async seen() {
      const { rows } = await pool.query<{ at: number }>({
        name: "device-sockets-seen",
        text: `INSERT INTO devices.holders (holder) VALUES ($1)
          ON CONFLICT (holder) DO UPDATE SET seen_at = now() RETURNING ${milliseconds("seen_at")} AS at`,
        values: [holder],
      });
      return rows[0]?.at ?? Number.NaN;
    },
  };
}

interface FoundRow {
  readonly place: number;
  readonly socket: string;
  readonly log: string;
  readonly offsets: readonly string[];
  readonly state: SocketFacts["state"];
  readonly exact: boolean;
  readonly succeeds: boolean;
  readonly began_at: number;
  readonly alive_at: number;
}

function socketOf(
  { log, offsets, began_at, alive_at, socket, state, exact, succeeds }: FoundRow,
  thisLog: string,
): StoredSocket {
  return {
    ...{ socket, state, exact, succeeds },
    offsets: offsets.map(Number),
    beganAt: began_at,
    aliveAt: alive_at,
    ofThisLog: log === thisLog,
  };
}

function keyColumns(keys: readonly DeviceKey[]): Buffer[] {
  return [
    int8Array(keys.map(({ userId }) => Number(userId))),
    textArray(keys.map(({ deviceId }) => deviceId)),
    uuidArray(keys.map(({ chatId }) => chatId)),
  ];
}

const milliseconds = (time: string): string => `(extract(epoch FROM ${time}) * 1000)::float8`;

const isAtWork = (row: string): string => `EXISTS (
  SELECT FROM devices.holders AS h
  WHERE h.holder = ${row}.holder AND h.seen_at > now() - interval '${GONE_AFTER_SECONDS} seconds')`;

/** What an instance that is gone had open was alive for as long as itself; nobody knows of which came after. */
const findText = `
  SELECT asked.place::int AS place, s.socket, s.log, s.offsets, s.exact, s.succeeds,
    CASE WHEN s.state = 'open' AND NOT ${isAtWork("s")} THEN 'left' ELSE s.state END AS state,
    ${milliseconds("s.began_at")} AS began_at,
    ${milliseconds(`CASE WHEN s.state = 'open' AND NOT ${isAtWork("s")} THEN greatest(h.seen_at, s.alive_at) ELSE s.alive_at END`)} AS alive_at
  FROM unnest($1::int8[], $2::text[], $3::uuid[]) WITH ORDINALITY AS asked (user_id, device_id, chat_id, place)
  JOIN devices.sockets AS s ON s.user_id = asked.user_id AND s.device_id = asked.device_id
    AND s.chat_id IS NOT DISTINCT FROM asked.chat_id
  LEFT JOIN devices.holders AS h ON h.holder = s.holder`;

/** A socket's place only ever rises. */
const storeText = `
  INSERT INTO devices.sockets AS s
    (user_id, device_id, chat_id, holder, log, socket, offsets, state, exact, began_at, alive_at)
  SELECT user_id, device_id, chat_id, $4::uuid, $5::text, socket, offsets::int8[], state, exact,
    to_timestamp(began_at::float8 / 1000), to_timestamp(alive_at::float8 / 1000)
  FROM unnest($1::int8[], $2::text[], $3::uuid[], $6::uuid[], $7::text[], $8::text[], $9::bool[], $10::text[],
      $11::text[], $12::bool[])
    AS held (user_id, device_id, chat_id, socket, offsets, state, exact, began_at, alive_at, is_new)
  WHERE is_new OR EXISTS (SELECT FROM devices.sockets AS stored WHERE stored.socket = held.socket)
  ON CONFLICT (socket) DO UPDATE SET
    offsets = devices.later(s.offsets, excluded.offsets),
    state = excluded.state,
    alive_at = excluded.alive_at,
    moved_at = now()`;

/**
 * Each comes in the place of one, and each place is taken once: where another instance has found that of the same moment already,
 * its word counts. Locked in one order, so that two that tidy one device wait for each other.
 */
const tidyText = `
  WITH pairs AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS pair (earlier, later, offsets)
  ), locked AS (
    SELECT socket, succeeds FROM devices.sockets
    WHERE socket IN (SELECT earlier FROM pairs UNION SELECT later FROM pairs)
    ORDER BY socket FOR UPDATE
  ), taken AS (
    SELECT pairs.* FROM pairs
    JOIN locked AS place ON place.socket = pairs.earlier
    JOIN locked AS successor ON successor.socket = pairs.later AND NOT successor.succeeds
  ), moved AS (
    UPDATE devices.sockets AS s
    SET succeeds = true, offsets = devices.later(s.offsets, taken.offsets::int8[])
    FROM taken
    WHERE s.socket = taken.later AND s.socket NOT IN (SELECT earlier FROM taken) AND s.socket <> ALL ($4::uuid[])
  )
  DELETE FROM devices.sockets AS s
  WHERE s.socket IN (SELECT unnest($4::uuid[]) UNION SELECT earlier FROM taken)`;
