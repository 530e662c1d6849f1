import type { ChatType, Role } from "@chat/shared/events/chat-events";

/** What somebody wants to happen to a chat. Shapes were validated at the edge; whether it may happen is decided here. */
export type ChatCommand =
  | {
      readonly type: "CreateChat";
      readonly chatType: ChatType;
      readonly title: string | null;
      readonly description: string | null;
      readonly memberIds: readonly string[];
    }
  | {
      readonly type: "ChangeChat";
      readonly title?: string | null;
      readonly description?: string | null;
      readonly avatar?: string | null;
      readonly memberIds?: readonly string[];
    }
  | { readonly type: "DeleteChat" }
  | { readonly type: "AddMembers"; readonly userIds: readonly string[] }
  | { readonly type: "RemoveMember"; readonly userId: string }
  | { readonly type: "LeaveChat"; readonly newOwnerId: string | null }
  | { readonly type: "ChangeRole"; readonly userId: string; readonly role: Role }
  | { readonly type: "SendMessage"; readonly text: string; readonly replyTo: number | null }
  | { readonly type: "EditMessage"; readonly seq: number; readonly text: string }
  | { readonly type: "DeleteMessage"; readonly seq: number }
  /** Without files it only asks whether there may be some. */
  | { readonly type: "AttachFiles"; readonly seq: number; readonly files: readonly NewFile[] }
  /** `upTo` beyond the last seq is cut to it; null: everything. `named` when the client named a message. */
  | { readonly type: "MarkRead"; readonly upTo: number | null; readonly named: number | null };

/** A file whose bytes are in the store already. */
export interface NewFile {
  readonly key: string;
  readonly name: string;
  readonly type: string;
  readonly size: number;
}

/** Who commands, and when: ids and time come from outside, so that deciding is pure. */
export interface CommandContext {
  readonly actor: string;
  readonly at: string;
}
