import type { ChatEvent, FileAttached, FileFacts } from "../events/chat-events.ts";

/** Events as specs write them down: short. The first member of a group is its owner. */
export const send = (seq: number, text = `message ${seq}`): ChatEvent => ({
  type: "MessageSent",
  seq,
  replyTo: null,
  content: { text },
});
export const sends = (from: number, upTo: number): ChatEvent[] =>
  Array.from({ length: upTo - from + 1 }, (_, index) => send(from + index));
export const groupOf = (...userIds: string[]): ChatEvent => ({
  type: "ChatCreated",
  chatType: "group",
  members: userIds.map((userId, index) => ({ userId, role: index === 0 ? "owner" : "member" })),
  content: { title: "the team", description: null },
});
export const added = (userId: string, readUpTo: number): ChatEvent => ({
  type: "MembersAdded",
  members: [{ userId, role: "member" }],
  readUpTo,
});
export const removed = (userId: string): ChatEvent => ({ type: "MemberRemoved", userId });
export const edited = (seq: number, text: string, senderId = "1"): ChatEvent => ({
  type: "MessageEdited",
  seq,
  message: {
    senderId,
    sentAt: "2026-01-01T00:00:00.000Z",
    replyTo: null,
    clientMessageId: null,
    files: [],
    readCount: 0,
    fullyRead: false,
  },
  content: { text, names: [] },
});
export const attached = (seq: number, number: number, name: string): ChatEvent => ({
  type: "FileAttached",
  seq,
  files: [textFile(number, name)],
  content: { names: [name] },
});
/** The last of these files, and the whole message as it is with all of them. */
export function attachedLast(
  seq: number,
  text: string,
  names: readonly string[],
  facts: Partial<FileAttached["message"]> = {},
): ChatEvent {
  const files = names.map((name, index) => textFile(index + 1, name));
  const sent = { senderId: "1", sentAt: "2026-01-01T00:00:00.000Z", replyTo: null, clientMessageId: null };
  return {
    type: "FileAttached",
    seq,
    files: files.slice(-1),
    message: { ...sent, files, readCount: 0, fullyRead: false, editedAt: null, ...facts },
    content: { names: names.slice(-1), message: { text, names } },
  };
}
export const deleted = (seq: number, senderId = "1"): ChatEvent => ({ type: "MessageDeleted", seq, senderId });

function textFile(number: number, name: string): FileFacts {
  return { number, key: `key of ${name}`, type: "text/plain", size: name.length };
}
