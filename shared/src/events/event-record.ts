import { Ajv, type ValidateFunction } from "ajv";
import type { ChatEvent } from "./chat-events.ts";
import { type EventShape, eventShapes, recordSchema } from "./event-schemas.ts";
import { type StoredEvent, upcast } from "./upcasters.ts";

/** An event with all that is known about it besides what happened: what stands in the log, decoded. */
export interface ChatEventRecord {
  /** UUIDv7. */
  readonly id: string;
  readonly chatId: string;
  /** Dense per chat: 1, 2, 3… */
  readonly version: number;
  readonly actor: string;
  /** ISO 8601 in UTC, milliseconds. */
  readonly at: string;
  readonly commandId: string;
  /** The client's key for the command, `client_message_id` for messages; null when it sent none. */
  readonly idempotencyKey: string | null;
  /** A keyed hash of the request, so that the same key with another request is noticed; null without a key. */
  readonly requestHash: string | null;
  /** W3C trace context of the request. */
  readonly traceParent: string | null;
  readonly event: ChatEvent;
}

/** A record that cannot be understood by this code. Trying again does not help: whoever reads it stops there. */
export class PoisonEvent extends Error {
  override readonly name = "PoisonEvent";
}

/** The text that stands in the log. What people write is in its `content` and nowhere else. */
export function encodeEvent(record: ChatEventRecord): string {
  const { event } = record;
  const { type, ...rest } = event;
  const { content, ...data } = "content" in rest ? rest : { ...rest, content: undefined };
  return JSON.stringify({
    id: record.id,
    type,
    v: eventShapes[type].version,
    chat: record.chatId,
    version: record.version,
    actor: record.actor,
    at: record.at,
    command: record.commandId,
    key: record.idempotencyKey ?? undefined,
    hash: record.requestHash ?? undefined,
    trace: record.traceParent ?? undefined,
    data,
    content,
  });
}

/** Throws PoisonEvent on anything that `encodeEvent`, of this release or an older one, did not write. */
export function decodeEvent(value: string): ChatEventRecord {
  const stored = parseStored(value);
  const { version, validate } = decoders[stored.type];
  if (stored.v > version) {
    throw new PoisonEvent(
      `schema version ${stored.v} of ${stored.type} is newer than ${version}, the newest known here`,
    );
  }
  const record: unknown = stored.v === version ? stored : upcast(stored, version);
  if (!validate(record)) throw new PoisonEvent(`bad shape of ${stored.type}: ${firstError(validate)}`);
  return {
    id: record.id,
    chatId: record.chat,
    version: record.version,
    actor: record.actor,
    at: record.at,
    commandId: record.command,
    idempotencyKey: record.key ?? null,
    requestHash: record.hash ?? null,
    traceParent: record.trace ?? null,
    // The validator has just shown that type, data and content belong together.
    event: (record.content === undefined
      ? { type: record.type, ...record.data }
      : { type: record.type, ...record.data, content: record.content }) as ChatEvent,
  };
}

/** What `recordSchema` describes. */
interface WrittenRecord extends StoredEvent {
  readonly id: string;
  readonly chat: string;
  readonly version: number;
  readonly actor: string;
  readonly at: string;
  readonly command: string;
  readonly key?: string;
  readonly hash?: string;
  readonly trace?: string;
  readonly data: object;
  readonly content?: object;
}

interface Decoder {
  readonly version: number;
  readonly validate: ValidateFunction<WrittenRecord>;
}

const ajv = new Ajv({ strict: true, ownProperties: true });

const decoders = Object.fromEntries(
  Object.entries<EventShape>(eventShapes).map(([type, shape]) => [
    type,
    { version: shape.version, validate: ajv.compile(recordSchema(type as ChatEvent["type"], shape)) },
  ]),
) as unknown as Readonly<Record<ChatEvent["type"], Decoder>>;

function parseStored(value: string): StoredEvent {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    throw new PoisonEvent("not JSON");
  }
  if (typeof parsed !== "object" || parsed === null) throw new PoisonEvent("not a JSON object");
  const { type, v } = parsed as Partial<Record<"type" | "v", unknown>>;
  if (typeof type !== "string" || !Object.hasOwn(eventShapes, type)) {
    throw new PoisonEvent(`unknown type ${(JSON.stringify(type) ?? "(none)").slice(0, 80)}`);
  }
  if (!Number.isInteger(v) || Number(v) < 1) throw new PoisonEvent(`${type} without a schema version`);
  return parsed as StoredEvent;
}

/** Where and which rule; never the value, which may be what somebody wrote. */
function firstError(validate: ValidateFunction): string {
  const error = validate.errors?.[0];
  return error === undefined ? "unknown" : `${error.instancePath || "the record"} ${error.message ?? error.keyword}`;
}
