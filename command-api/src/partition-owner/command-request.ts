import type { ChatEventRecord } from "@chat/shared/events/event-record";
import type { ChatCommand } from "../domain/chat/commands.ts";
import type { ActiveChat, DeletedChat, MessageState } from "../domain/chat/state.ts";

/** A command on its way to the owner of its chat's partition. Id and time are given once, by the first instance it meets. */
export interface CommandRequest {
  readonly id: string;
  readonly chatId: string;
  readonly actor: string;
  /** ISO 8601 in UTC, milliseconds. */
  readonly at: string;
  readonly command: ChatCommand;
  readonly idempotencyKey: string | null;
  readonly requestHash: string | null;
  readonly traceParent: string | null;
}

/**
 * What became of a command, once it is settled for ever. Refusals are thrown as `Rejection`.
 *
 * `done`: its events are in the log. `unchanged`: it was so already, nothing was appended. `repeated`: the same key
 * was settled before; nothing was appended.
 */
export interface CommandOutcome {
  readonly status: "done" | "unchanged" | "repeated";
  readonly chat: ActiveChat | DeletedChat;
  /** The message that was sent or named, as it is now. */
  readonly message: MessageState | undefined;
  /** What it appended; empty unless `done`. */
  readonly events: readonly ChatEventRecord[];
  /** For a key that was settled before: the chat's version at the first event of then. */
  readonly settledIn?: number;
  /** For reading: what is unread to the actor then. Counted by the partition's owner, who has what the read models lack. */
  readonly unreadCount?: number;
}
