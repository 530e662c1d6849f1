import type { AttachedFile } from "@chat/shared/events/attached-files";
import type { ChatType, Role } from "@chat/shared/events/chat-events";

/** A chat as the decider knows it: all that a decision can depend on, save the message that a command names. */
export type ChatState = AbsentChat | ActiveChat | DeletedChat;

export interface AbsentChat {
  readonly status: "absent";
  readonly version: 0;
}

export interface DeletedChat {
  readonly status: "deleted";
  readonly version: number;
}

export interface ActiveChat {
  readonly status: "active";
  /** How many events the chat has had. */
  readonly version: number;
  readonly chatType: ChatType;
  readonly title: string | null;
  readonly description: string | null;
  readonly avatar: string | null;
  readonly creatorId: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** The seq of the newest message, 0 when there is none. */
  readonly lastSeq: number;
  /** Everyone who is or was a member, by user id. */
  readonly members: ReadonlyMap<string, Member>;
  readonly fullyRead: FullyRead;
}

export interface Member {
  readonly userId: string;
  readonly status: "in" | "out";
  readonly role: Role;
  readonly joinedAt: string;
  /** Has read up to this seq. Kept after leaving, moved to the last seq when joining again. */
  readonly readUpTo: number;
  /** Own messages up to this seq are fully read, beyond what `FullyRead.upTo` says. Never falls. */
  readonly ownReadUpTo: number;
}

/**
 * A message with `seq <= upTo` is fully read, unless its author is `exceptAuthor`; besides, every author's messages up
 * to that author's `ownReadUpTo` are. See `MessagesFullyRead`.
 */
export interface FullyRead {
  readonly upTo: number;
  readonly exceptAuthor: string | null;
}

/** The message that a command names, as it is at that moment. */
export interface MessageState {
  readonly seq: number;
  readonly senderId: string;
  readonly text: string;
  readonly sentAt: string;
  readonly editedAt: string | null;
  readonly deleted: boolean;
  readonly replyTo: number | null;
  readonly clientMessageId: string | null;
  readonly files: readonly AttachedFile[];
}

export const initialState: ChatState = { status: "absent", version: 0 };
