import { int4Array, int8Array, textArray, uuidArray } from "@chat/shared/postgres/binary-array";
import { entry, userNumber, type Projection } from "./projection.ts";

interface KeyedCommand {
  readonly chatId: string;
  readonly actorId: string;
  readonly key: string;
  readonly requestHash: string;
  readonly version: number;
  readonly seq: number | null;
}

/** What was done under which key. A command may have made several events; it is known by its first. */
export function commandsProjection(schema: string): Projection {
  return {
    begin() {
      const commands = new Map<string, KeyedCommand>();
      return {
        apply({ chatId, actor, idempotencyKey, requestHash, version, event }) {
          if (idempotencyKey === null) return;
          entry(commands, `${chatId} ${actor} ${idempotencyKey}`, () => ({
            chatId,
            actorId: actor,
            key: idempotencyKey,
            requestHash: requestHash ?? "",
            version,
            seq: "seq" in event ? event.seq : null,
          }));
        },
        statements: () => (commands.size === 0 ? [] : [insertStatement(schema, [...commands.values()])]),
      };
    },
  };
}

/** A conflict is the command's second event, in a later batch than its first. */
function insertStatement(schema: string, commands: readonly KeyedCommand[]) {
  return {
    name: `${schema}.commands-insert`,
    text: `
      INSERT INTO ${schema}.commands (chat_id, actor_id, key, request_hash, version, seq)
      SELECT * FROM unnest($1::uuid[], $2::int8[], $3::text[], $4::text[], $5::int4[], $6::int4[])
      ON CONFLICT DO NOTHING`,
    values: [
      uuidArray(commands.map((command) => command.chatId)),
      int8Array(commands.map((command) => userNumber(command.actorId))),
      textArray(commands.map((command) => command.key)),
      textArray(commands.map((command) => command.requestHash)),
      int4Array(commands.map((command) => command.version)),
      int4Array(commands.map((command) => command.seq)),
    ],
  };
}
