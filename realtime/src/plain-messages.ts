import { isoTime } from "@chat/shared/iso-time";
import type { LateEvent } from "./replay.ts";

/**
 * Messages that nobody has changed since they were sent: most of what was missed. They come as one text of numbers, one
 * list of texts and one of ids, at half the price of an object each, for who writes them and for who reads them.
 */
export interface PlainMessages {
  /** Eight for each message, in the order of `numbersOf`. Null: there is none. */
  readonly numbers: string | null;
  readonly texts: readonly string[] | null;
  readonly client_ids: readonly (string | null)[] | null;
}

const NUMBERS_EACH = 8;

/** Of a row with an event's and its message's columns, `place` of its span among those that were wanted, and `plain`. */
export const plainMessagesText = `
  string_agg(concat_ws(',', place, partition, "offset", version, seq, actor_id, at_ms, coalesce(reply_to, 0)), ',')
    FILTER (WHERE plain) AS numbers,
  json_agg(text) FILTER (WHERE plain) AS texts,
  json_agg(client_message_id) FILTER (WHERE plain) AS client_ids`;

export function plainMessages(row: PlainMessages, wanted: readonly { readonly chatId: string }[]): LateEvent[] {
  const numbers = JSON.parse(`[${row.numbers ?? ""}]`) as readonly number[];
  return (row.texts ?? []).map((text, index) => {
    const at = index * NUMBERS_EACH;
    const numberAt = (place: number): number => numbers[at + place] ?? 0;
    const version = numberAt(3);
    const replyTo = numberAt(7);
    return {
      partition: numberAt(1),
      offset: numberAt(2),
      bytes: 0,
      record: {
        // Nobody is told these, so the journal does not keep them.
        id: "",
        commandId: "",
        requestHash: null,
        traceParent: null,
        chatId: wanted[numberAt(0) - 1]?.chatId ?? "",
        version,
        actor: String(numberAt(5)),
        at: isoTime(numberAt(6)),
        idempotencyKey: row.client_ids?.[index] ?? null,
        event: {
          type: "MessageSent",
          seq: numberAt(4),
          // No message is the 0th of its chat.
          replyTo: replyTo === 0 ? null : replyTo,
          content: { text },
        },
      },
      message: { text, editedAt: null, deleted: false, changedVersion: version, files: [] },
    };
  });
}

/** Two lists that are in order, as one. */
export function inOrder(one: readonly LateEvent[], other: readonly LateEvent[]): readonly LateEvent[] {
  if (other.length === 0) return one;
  return [...one, ...other].sort((a, b) => a.partition - b.partition || a.offset - b.offset);
}
