import { Rejection } from "@chat/shared/rejection";
import type { ChatCommand, CommandContext } from "./commands.ts";
import { decideChangeChat, decideCreateAgain, decideCreateChat, decideDeleteChat } from "./decide-chat.ts";
import { decideAddMembers, decideChangeRole, decideLeaveChat, decideRemoveMember } from "./decide-members.ts";
import {
  decideAttachFiles,
  decideDeleteMessage,
  decideEditMessage,
  decideMarkRead,
  decideSendMessage,
} from "./decide-messages.ts";
import type { Case, Decision } from "./decision.ts";
import { currentMember } from "./membership.ts";
import type { ChatState, MessageState } from "./state.ts";

/**
 * What a command does to a chat. Pure, and never throws: an expected refusal is returned.
 *
 * @param named the message that EditMessage, DeleteMessage or AttachFiles names; undefined when there is none.
 */
export function decide(
  command: ChatCommand,
  state: ChatState,
  context: CommandContext,
  named?: MessageState,
): Decision {
  if (command.type === "CreateChat" && state.status === "absent") return decideCreateChat(command, context);
  if (state.status !== "active") return noSuchChat();
  const member = currentMember(state, context.actor);
  // To a stranger a chat that he may not see and one that does not exist look alike.
  if (member === undefined) return noSuchChat();
  return decideAsMember(command, { chat: state, member, context }, named);
}

function decideAsMember(command: ChatCommand, it: Case, named: MessageState | undefined): Decision {
  switch (command.type) {
    case "CreateChat":
      return decideCreateAgain(command, it.context);
    case "ChangeChat":
      return decideChangeChat(command, it);
    case "DeleteChat":
      return decideDeleteChat(it);
    case "AddMembers":
      return decideAddMembers(command.userIds, it);
    case "RemoveMember":
      return decideRemoveMember(command.userId, it);
    case "LeaveChat":
      return decideLeaveChat(command.newOwnerId, it);
    case "ChangeRole":
      return decideChangeRole(command, it);
    case "SendMessage":
      return decideSendMessage(command, it);
    case "EditMessage":
      return decideEditMessage(command, it, named);
    case "DeleteMessage":
      return decideDeleteMessage(command, it, named);
    case "AttachFiles":
      return decideAttachFiles(command, it, named);
    case "MarkRead":
      return decideMarkRead(command, it);
    default:
      return command satisfies never;
  }
}

const noSuchChat = (): Rejection => new Rejection("not_found", "There is no such chat.");
