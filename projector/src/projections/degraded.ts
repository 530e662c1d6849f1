import type { Statement } from "./projection.ts";

/**
 * Marks a chat as incomplete, since the event `value` was skipped. Its version and last seq still count that event,
 * as far as its text tells: otherwise the next event of the chat would not follow, and the next message would get a
 * seq that is taken. A chat whose very creation was skipped becomes a row that nobody is a member of.
 */
export function degradeChat(schema: string, chatId: string, value: string): Statement {
  const { version, seq, deleted } = whatIsKnown(value);
  return {
    name: `${schema}.chats-degrade`,
    text: `
      INSERT INTO ${schema}.chats AS c (chat_id, chat_type, creator_id, created_at, updated_at, active_at, version, degraded)
      VALUES ($1, 'group', 0, now(), now(), now(), coalesce($2::int4, 1), true)
      ON CONFLICT (chat_id) DO UPDATE SET
        degraded = true,
        version = greatest(c.version, coalesce($2::int4, c.version + 1)),
        last_seq = greatest(c.last_seq, $3::int4),
        deleted = c.deleted OR $4::bool`,
    values: [chatId, version, seq, deleted],
  };
}

interface Known {
  readonly version: number | null;
  readonly seq: number | null;
  readonly deleted: boolean;
}

/** Nothing about the text is sure: it is why the event was skipped. */
function whatIsKnown(value: string): Known {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    return { version: null, seq: null, deleted: false };
  }
  const type = field(parsed, "type");
  return {
    version: smallInteger(field(parsed, "version")),
    seq: type === "MessageSent" ? smallInteger(field(field(parsed, "data"), "seq")) : null,
    deleted: type === "ChatDeleted",
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}

/** As the columns hold it, and no more than a message's id can name. */
function smallInteger(value: unknown): number | null {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 999_999_999 ? value : null;
}
