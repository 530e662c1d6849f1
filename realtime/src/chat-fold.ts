import type { ChatParts } from "@chat/shared/api/chat-object";
import type { ChatEventRecord } from "@chat/shared/events/event-record";

/** The chat as it stands after `record`; null stays null until the chat is created. */
export function foldChat(chat: ChatParts | null, record: ChatEventRecord): ChatParts | null {
  const { event, version, at } = record;
  if (event.type === "ChatCreated") {
    return {
      chatId: record.chatId,
      chatType: event.chatType,
      title: event.content.title,
      description: event.content.description,
      avatar: null,
      creatorId: record.actor,
      memberIds: idsByNumber(event.members),
      createdAt: at,
      updatedAt: at,
      version,
    };
  }
  if (chat === null) return null;
  switch (event.type) {
    case "ChatRenamed":
      return {
        ...chat,
        title: event.content.title === undefined ? chat.title : event.content.title,
        description: event.content.description === undefined ? chat.description : event.content.description,
        avatar: event.avatar === undefined ? chat.avatar : event.avatar,
        updatedAt: at,
        version,
      };
    case "MembersAdded": {
      const memberIds = [...chat.memberIds, ...idsByNumber(event.members)];
      return { ...chat, memberIds, updatedAt: at, version };
    }
    case "MemberRemoved":
    case "MemberLeft":
      return { ...chat, memberIds: chat.memberIds.filter((id) => id !== event.userId), updatedAt: at, version };
    case "ChatDeleted":
    case "MemberRoleChanged":
      return { ...chat, updatedAt: at, version };
    case "MessageSent":
    case "MessageEdited":
    case "MessageDeleted":
    case "FileAttached":
    case "MessageRead":
    case "MessagesFullyRead":
      return { ...chat, version };
    default:
      return event satisfies never;
  }
}

/** Whoever reads the chat gets those who came together in this order. */
function idsByNumber(members: readonly { readonly userId: string }[]): string[] {
  return members.map(({ userId }) => userId).sort((one, other) => Number(one) - Number(other));
}
