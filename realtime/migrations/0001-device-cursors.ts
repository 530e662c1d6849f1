import type { Migration } from "@chat/shared/postgres/migrate";

/** How far each device has proven to have got. */
export const deviceCursors: Migration = {
  name: "0001-device-cursors",
  async up(db) {
    await db.raw(`
      -- One row for each instance that holds a cursor of the device, and that instance alone moves it. The device's
      -- cursor follows from all of them: see device-cursors-rows.ts.
      CREATE TABLE devices.cursors (
        user_id   bigint NOT NULL,
        device_id text NOT NULL,
        chat_id   uuid,               -- of sockets that show one chat; null: of the whole stream
        holder    uuid NOT NULL,
        log       text NOT NULL,      -- which log, as shortLogId says it
        offsets   bigint[] NOT NULL,  -- the next offset, by partition
        -- open: a socket is open. left: the last one ended without a word. closed: the client said goodbye.
        state     text NOT NULL CHECK (state IN ('open', 'left', 'closed')),
        moved_at  timestamptz NOT NULL DEFAULT now(),
        taken_at  timestamptz NOT NULL DEFAULT now(),  -- from then on it speaks for rows that have not moved since
        UNIQUE NULLS NOT DISTINCT (user_id, device_id, chat_id, holder)
      ) WITH (fillfactor = 70);

      -- Instances at work. What one that is gone had open was left.
      CREATE TABLE devices.holders (
        holder  uuid PRIMARY KEY,
        seen_at timestamptz NOT NULL DEFAULT now()
      );

      CREATE FUNCTION devices.later(one bigint[], other bigint[]) RETURNS bigint[] LANGUAGE sql IMMUTABLE AS $$
        SELECT array_agg(greatest(a, b) ORDER BY partition) FROM unnest(one, other) WITH ORDINALITY AS o (a, b, partition)
      $$;
    `);
  },
};
