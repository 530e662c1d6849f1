/**
 * The tables of one generation of the read models, as DDL for the schema `schema`.
 *
 * A generation is never altered: a new shape is a new generation, built beside from the log (see `rebuild.ts`). Only a column
 * whose default is right for every event that there can have been is added to the one that is there, by a migration.
 * `read.live` names the one that answers. Rows that change with every message have room on their page (fillfactor),
 * so that Postgres updates them in place, and no index on what changes.
 */
export function readTables(schema: string): string {
  return `
  CREATE TABLE ${schema}.checkpoints (
    partition int PRIMARY KEY,
    next_offset bigint NOT NULL,
    epoch text NOT NULL              -- of the last Election before it, as formatEpoch writes it
  ) WITH (fillfactor = 20);

  CREATE TABLE ${schema}.chats (
    chat_id uuid PRIMARY KEY,
    chat_type text NOT NULL CHECK (chat_type IN ('private', 'group')),
    title text,
    description text,
    avatar text,
    creator_id bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,  -- last change of the chat itself: title, members, roles
    active_at timestamptz NOT NULL,   -- newest message, else created_at: the order of the list
    version int NOT NULL,
    last_seq int NOT NULL DEFAULT 0,
    fully_read_up_to int NOT NULL DEFAULT 0,
    fully_read_except bigint,         -- the author whom fully_read_up_to does not speak for
    deleted boolean NOT NULL DEFAULT false,
    degraded boolean NOT NULL DEFAULT false  -- an event of it was skipped by an operator; heals at the next rebuild
  ) WITH (fillfactor = 60);

  CREATE TABLE ${schema}.members (
    chat_id uuid NOT NULL,
    user_id bigint NOT NULL,
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'member')),
    active boolean NOT NULL,          -- false: was a member once
    joined_at timestamptz NOT NULL,
    read_up_to int NOT NULL DEFAULT 0,
    own_since int NOT NULL DEFAULT 0, -- own messages with seq > read_up_to, deleted ones too
    own_read_up_to int NOT NULL DEFAULT 0,  -- own messages fully read up to here, beyond the chat's watermark
    PRIMARY KEY (chat_id, user_id)
  ) WITH (fillfactor = 60);
  CREATE INDEX ON ${schema}.members (user_id) WHERE active;

  -- When somebody was a member, in chat versions: from the event that let him in to the one that ended it.
  CREATE TABLE ${schema}.member_spans (
    chat_id uuid NOT NULL,
    user_id bigint NOT NULL,
    from_version int NOT NULL,
    to_version int,
    PRIMARY KEY (chat_id, user_id, from_version)
  );
  CREATE INDEX ON ${schema}.member_spans (user_id);

  CREATE TABLE ${schema}.messages (
    chat_id uuid NOT NULL,
    seq int NOT NULL,
    sender_id bigint NOT NULL,
    text text NOT NULL,               -- '' once deleted
    client_message_id text,
    reply_to int,
    sent_at timestamptz NOT NULL,
    edited_at timestamptz,
    deleted boolean NOT NULL DEFAULT false,
    sent_version int NOT NULL,
    changed_version int NOT NULL,     -- of the last event that changed its text
    files jsonb NOT NULL DEFAULT '[]',  -- of what the events say, each with its name and the version that attached it
    PRIMARY KEY (chat_id, seq)
  ) WITH (fillfactor = 90);
  CREATE INDEX ON ${schema}.messages (chat_id, seq) INCLUDE (sender_id) WHERE deleted;

  -- Every keyed command for ever: the same key again gets the same answer.
  CREATE TABLE ${schema}.commands (
    chat_id uuid NOT NULL,
    actor_id bigint NOT NULL,
    key text NOT NULL,
    request_hash text NOT NULL,
    version int NOT NULL,             -- of its first event
    seq int,                          -- the message that it sent, edited or deleted
    PRIMARY KEY (chat_id, actor_id, key)
  );

  -- The journal: every event, with what stands in no other row (a message's text is joined from messages).
  CREATE TABLE ${schema}.chat_events (
    chat_id uuid NOT NULL,
    "offset" bigint NOT NULL,
    partition int NOT NULL,
    version int NOT NULL,
    type text NOT NULL,
    actor_id bigint NOT NULL,
    at timestamptz NOT NULL,
    seq int,                          -- the message it is about
    up_to int,                        -- of MessageRead
    data jsonb,
    PRIMARY KEY (chat_id, "offset")
  );
  CREATE INDEX ON ${schema}.chat_events (chat_id, actor_id, up_to) WHERE type = 'MessageRead';
  `;
}
