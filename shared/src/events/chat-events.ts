/**
 * Every fact that can happen to a chat, on one page.
 *
 * What people write (texts, titles, names of files) stands in `content` and nowhere else, so that it can be encrypted per author one
 * day without touching anything else. Everything beside it is ids, numbers and closed words.
 * User ids are decimal strings; `seq` is a message's dense number in its chat, from 1.
 */
export type ChatEvent =
  | ChatCreated
  | ChatRenamed
  | ChatDeleted
  | MembersAdded
  | MemberRemoved
  | MemberLeft
  | MemberRoleChanged
  | MessageSent
  | MessageEdited
  | MessageDeleted
  | FileAttached
  | MessageRead
  | MessagesFullyRead;

export type ChatType = "private" | "group";
export type Role = "owner" | "admin" | "member";

export interface NewMember {
  readonly userId: string;
  readonly role: Role;
}

/** The creator is the event's actor and always among the members. Nobody has read anything: there is nothing. */
export interface ChatCreated {
  readonly type: "ChatCreated";
  readonly chatType: ChatType;
  readonly members: readonly NewMember[];
  readonly content: { readonly title: string | null; readonly description: string | null };
}

/** Only what changed is present; null takes it away. */
export interface ChatRenamed {
  readonly type: "ChatRenamed";
  /** The stored file of the new picture. */
  readonly avatar?: string | null;
  readonly content: { readonly title?: string | null; readonly description?: string | null };
}

export interface ChatDeleted {
  readonly type: "ChatDeleted";
}

/** Who joins, or joins again, has read up to `readUpTo`, the last seq: nothing is unread to a newcomer. */
export interface MembersAdded {
  readonly type: "MembersAdded";
  readonly members: readonly NewMember[];
  readonly readUpTo: number;
}

export interface MemberRemoved {
  readonly type: "MemberRemoved";
  readonly userId: string;
}

export interface MemberLeft {
  readonly type: "MemberLeft";
  readonly userId: string;
}

export interface MemberRoleChanged {
  readonly type: "MemberRoleChanged";
  readonly userId: string;
  readonly role: Role;
}

/** The sender is the actor, the client's message id the record's idempotency key. */
export interface MessageSent {
  readonly type: "MessageSent";
  readonly seq: number;
  /** The seq of the message that this one answers. */
  readonly replyTo: number | null;
  readonly content: { readonly text: string };
}

/** Carries the whole message as it stands after the change, so that whoever passes it on needs no other source. */
export interface MessageEdited {
  readonly type: "MessageEdited";
  readonly seq: number;
  readonly message: MessageFacts;
  /** `names`: what the message's files are called, in their order. */
  readonly content: { readonly text: string; readonly names: readonly string[] };
}

export interface MessageDeleted {
  readonly type: "MessageDeleted";
  readonly seq: number;
  readonly senderId: string;
}

/** The sender has added files to a message of his; one command may add several. */
export interface FileAttached {
  readonly type: "FileAttached";
  readonly seq: number;
  readonly files: readonly FileFacts[];
  /** The whole message as it stands with them. Here and in `content`, records of version 1 do not have it. */
  readonly message?: MessageFacts & { readonly editedAt: string | null };
  readonly content: {
    /** What they are called, in the order of `files`. */
    readonly names: readonly string[];
    /** `names`: what all the message's files are called, in their order. */
    readonly message?: { readonly text: string; readonly names: readonly string[] };
  };
}

export interface FileFacts {
  /** Dense in its message, from 1: with the message's id it is the file's id. */
  readonly number: number;
  /** Where its bytes are kept, as the file store names it. */
  readonly key: string;
  /** The media type, found out from the bytes. */
  readonly type: string;
  /** In bytes. */
  readonly size: number;
}

/** What stays as it was when a message is edited. `files`, and who has read it, are as of this event. */
export interface MessageFacts {
  readonly senderId: string;
  readonly sentAt: string;
  readonly replyTo: number | null;
  readonly clientMessageId: string | null;
  readonly files: readonly FileFacts[];
  readonly readCount: number;
  readonly fullyRead: boolean;
}

/** The actor has read everything up to `upTo`, where before it was `from`. Never back: `upTo` > `from`. */
export interface MessageRead {
  readonly type: "MessageRead";
  readonly from: number;
  readonly upTo: number;
  /** The message that the reader named, when it named one. */
  readonly named: number | null;
}

/**
 * Messages became fully read: at least one other current member, and every one of them has read them.
 *
 * Watermarks instead of lists. `upTo`: up to where everyone has read, which settles the messages of all authors but
 * the slowest reader; `slowestUpTo`: up to where all *others* have read, which settles the slowest reader's own.
 * Each with where it stood before: see `fully-read-ranges.ts` for what is new. All of them only ever rise.
 */
export interface MessagesFullyRead {
  readonly type: "MessagesFullyRead";
  readonly from: number;
  readonly upTo: number;
  readonly slowest: string;
  readonly slowestFrom: number;
  readonly slowestUpTo: number;
  /** Who was the slowest reader until now, if it is another one; his own messages were settled up to `from` already. */
  readonly former: { readonly userId: string; readonly from: number } | null;
}
