import type { ChatEventRecord } from "@chat/shared/events/event-record";
import { membershipChangeOf } from "./audience.ts";

/** When a user was in a chat, in versions of the chat: the events that let him in and out are both his. */
export interface Span {
  readonly chatId: string;
  readonly from: number;
  /** Null: he is in. */
  to: number | null;
}

/** One user's past in all his chats: what of a chat is his to hear. */
export interface Spans {
  /** The span that holds this version of the chat. */
  at(chatId: string, version: number): Span | undefined;
  /** The last version of the chat that is his to know: what was changed up to there he could read when he was back. Null: he is in. */
  knowsUpTo(chatId: string): number | null;
  /** Takes the next event into account; one that is known already changes nothing. */
  fold(record: ChatEventRecord): void;
}

export function createSpans(userId: string, known: Iterable<Span>): Spans {
  const byChat = new Map<string, Span[]>();
  for (const span of known) spansOf(span.chatId).push({ ...span });

  function spansOf(chatId: string): Span[] {
    let spans = byChat.get(chatId);
    if (spans === undefined) byChat.set(chatId, (spans = []));
    return spans;
  }

  return {
    at: (chatId, version) =>
      byChat.get(chatId)?.find(({ from, to }) => from <= version && (to === null || version <= to)),

    knowsUpTo(chatId) {
      const ends = (byChat.get(chatId) ?? []).map(({ to }) => to ?? Infinity);
      const last = Math.max(0, ...ends);
      return last === Infinity ? null : last;
    },

    fold({ chatId, version, event }) {
      const { joined, gone } = membershipChangeOf(event);
      if (joined.includes(userId)) {
        const spans = spansOf(chatId);
        if (spans.every(({ from, to }) => from < version && to !== null))
          spans.push({ chatId, from: version, to: null });
      } else if (gone === "everybody" || gone.includes(userId)) {
        const open = byChat.get(chatId)?.find(({ from, to }) => to === null && from < version);
        if (open !== undefined) open.to = version;
      }
    },
  };
}

/**
 * The spans of somebody who is in `chatIds` now, as far as these events reach back, from what they say alone: whoever
 * is let in was out before, and whoever goes was in. Null where that does not tell (a chat that was deleted names
 * nobody).
 */
export function spansFromEvents(
  userId: string,
  chatIds: Iterable<string>,
  events: readonly { readonly record: ChatEventRecord }[],
): Spans | null {
  const before = new Map<string, Span[]>();
  for (const { record } of events) {
    const { joined, gone } = membershipChangeOf(record.event);
    if (before.has(record.chatId)) continue;
    if (gone === "everybody") return null;
    if (joined.includes(userId)) before.set(record.chatId, []);
    else if (gone.includes(userId)) before.set(record.chatId, [alwaysIn(record.chatId)]);
  }
  for (const chatId of chatIds) if (!before.has(chatId)) before.set(chatId, [alwaysIn(chatId)]);
  const spans = createSpans(userId, [...before.values()].flat());
  for (const { record } of events) spans.fold(record);
  return spans;
}

/** He came before anything that is told: versions begin at 1. */
const alwaysIn = (chatId: string): Span => ({ chatId, from: 0, to: null });
