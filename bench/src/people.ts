import { randomUUID } from "node:crypto";
import type pg from "pg";
import { createAccessTokens } from "@chat/shared/identity/access-token";
import type { UserId } from "@chat/shared/ids";
import { httpRequest, openHttpConnection } from "./driver/http-connection.ts";

export interface Person {
  readonly id: UserId;
  readonly token: string;
}

const DAY_SECONDS = 24 * 60 * 60;

/**
 * Accounts written straight into the table, with tokens signed here: registering 2,000 people is what argon2 is there
 * to make slow, and is not what is measured.
 */
export async function makePeople(db: pg.Pool, secret: string, count: number): Promise<readonly Person[]> {
  const tokens = createAccessTokens({ secret, lifetimeSeconds: DAY_SECONDS });
  const { rows } = await db.query<{ id: UserId; session: string }>(
    `WITH people AS (
       INSERT INTO identity.users (email, name, password_hash, created_at)
       SELECT $1 || n || '@example.com', 'Person ' || n, 'none', now() FROM generate_series(1, $2::int) AS n RETURNING id
     )
     INSERT INTO identity.sessions (id, user_id, created_at, expires_at)
     SELECT gen_random_uuid(), id, now(), now() + interval '1 day' FROM people
     RETURNING user_id::text AS id, id::text AS session`,
    [`${randomUUID()}-`, count],
  );
  return rows.map(({ id, session }) => ({ id, token: tokens.sign({ userId: id, sessionId: session }) }));
}

/** A group of these people, the first of whom makes it; its id. */
export async function makeGroup(port: number, members: readonly Person[]): Promise<string> {
  const [creator] = members;
  if (creator === undefined) throw new Error("a group of nobody");
  const body = JSON.stringify({ chat_type: "group", title: "bench", member_ids: members.map(({ id }) => id) });
  const connection = await openHttpConnection(port);
  const { status, body: answer } = await connection.send(httpRequest("POST", "/api/chats", creator.token, body));
  connection.close();
  if (status !== 201) throw new Error(`a group was not made: ${answer.toString()}`);
  return (JSON.parse(answer.toString()) as { id: string }).id;
}
