import type { ChatEvent } from "@chat/shared/events/chat-events";
import { Rejection } from "@chat/shared/rejection";
import type { CommandContext } from "./commands.ts";
import { type Right, may } from "./membership.ts";
import type { ActiveChat, Member } from "./state.ts";

/** The facts that follow from a command, in order; none when everything is so already; or why it cannot be. */
export type Decision = readonly ChatEvent[] | Rejection;

/** What every decision in an existing chat starts from. */
export interface Case {
  readonly chat: ActiveChat;
  /** The actor, who is a current member. */
  readonly member: Member;
  readonly context: CommandContext;
}

/** Undefined when the actor may do all of this. */
export function refuseWithout(needed: readonly Right[], { chat, member }: Case): Rejection | undefined {
  if (needed.every((right) => may(chat, member, right))) return undefined;
  return new Rejection("forbidden", "Your role in this chat does not allow this.");
}

export function refusePrivate({ chat }: Case): Rejection | undefined {
  if (chat.chatType === "group") return undefined;
  return new Rejection("private_chat_immutable", "A private chat stays as it is: two members and no roles.");
}

/** A value that only the chat's state shows to be wrong. `field` is its name in requests. */
export function refuseField(field: string, detail: string): Rejection {
  return new Rejection("validation_failed", detail, { errors: [{ in: "body", pointer: `/${field}`, detail }] });
}
