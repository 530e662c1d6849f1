import type { Migration } from "@chat/shared/postgres/migrate";

/** How far each socket of a device has proven to have got. What was known of devices until now counts as sockets that are gone. */
export const aRowForEachSocket: Migration = {
  name: "0002-a-row-for-each-socket",
  async up(db) {
    await db.raw(`
      -- One row for each socket, which its instance alone moves. Where a device is follows from all of them: see
      -- succession.ts.
      CREATE TABLE devices.sockets (
        socket    uuid PRIMARY KEY,
        user_id   bigint NOT NULL,
        device_id text NOT NULL,
        chat_id   uuid,               -- it showed one chat; null: the whole stream
        holder    uuid NOT NULL,      -- the instance
        log       text NOT NULL,      -- which log, as shortLogId says it
        offsets   bigint[] NOT NULL,  -- the next offset, by partition
        -- open: it is open. left: it ended without a word. closed: the client said goodbye.
        state     text NOT NULL CHECK (state IN ('open', 'left', 'closed')),
        exact     boolean NOT NULL,   -- its client itself has said where it began
        succeeds  boolean NOT NULL DEFAULT false,  -- it came in the place of another one, whose row is gone
        began_at  timestamptz NOT NULL,
        alive_at  timestamptz NOT NULL,  -- its last sign of life, once it has ended
        moved_at  timestamptz NOT NULL DEFAULT now()
      ) WITH (fillfactor = 70);
      CREATE INDEX sockets_of_device ON devices.sockets (user_id, device_id);

      INSERT INTO devices.sockets
        (socket, user_id, device_id, chat_id, holder, log, offsets, state, exact, began_at, alive_at, moved_at)
      SELECT gen_random_uuid(), user_id, device_id, chat_id, holder, log, offsets,
        CASE state WHEN 'open' THEN 'left' ELSE state END, false, taken_at, moved_at, moved_at
      FROM devices.cursors;
      DROP TABLE devices.cursors;
    `);
  },
};
