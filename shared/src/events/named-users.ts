import type { ChatEvent } from "./chat-events.ts";
import type { ChatEventRecord } from "./event-record.ts";

/**
 * The ids of all users whom a record names, some of them perhaps twice: who did it, and whom the event itself speaks of.
 * Whoever is named in the log owns something there, so nobody else may ever be given such an id.
 */
export function namedUsers({ actor, event }: Pick<ChatEventRecord, "actor" | "event">): readonly string[] {
  return [actor, ...besidesTheActor(event)];
}

/** Without a default, so that a new type of event does not compile before it is said here whom it names. */
function besidesTheActor(event: ChatEvent): readonly string[] {
  switch (event.type) {
    case "ChatCreated":
    case "MembersAdded":
      return event.members.map(({ userId }) => userId);
    case "MemberRemoved":
    case "MemberLeft":
    case "MemberRoleChanged":
      return [event.userId];
    case "MessageEdited":
      return [event.message.senderId];
    case "FileAttached":
      return event.message === undefined ? [] : [event.message.senderId];
    case "MessageDeleted":
      return [event.senderId];
    case "MessagesFullyRead":
      return event.former === null ? [event.slowest] : [event.slowest, event.former.userId];
    case "ChatRenamed":
    case "ChatDeleted":
    case "MessageSent":
    case "MessageRead":
      return [];
  }
}
