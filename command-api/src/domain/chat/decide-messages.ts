import type { MessageFacts } from "@chat/shared/events/chat-events";
import { Rejection } from "@chat/shared/rejection";
import type { ChatCommand } from "./commands.ts";
import { type Case, type Decision, refuseField, refuseWithout } from "./decision.ts";
import { decideFullyRead, isFullyRead, readCount } from "./fully-read.ts";
import { maxFilesPerMessage, maxMessagesPerChat } from "./limits.ts";
import type { MessageState } from "./state.ts";

type Order<Type extends ChatCommand["type"]> = Extract<ChatCommand, { type: Type }>;

export function decideSendMessage({ text, replyTo }: Order<"SendMessage">, { chat }: Case): Decision {
  if (replyTo !== null && !isSeq(replyTo, chat.lastSeq)) {
    return refuseField("reply_to", "The message that this one answers is not in this chat.");
  }
  if (chat.lastSeq >= maxMessagesPerChat) return new Rejection("conflict", "This chat is full: start another.");
  return [{ type: "MessageSent", seq: chat.lastSeq + 1, replyTo, content: { text } }];
}

export function decideEditMessage(
  { seq, text }: Order<"EditMessage">,
  it: Case,
  named: MessageState | undefined,
): Decision {
  if (named?.seq !== seq) return noSuchMessage();
  if (named.senderId !== it.member.userId) {
    return new Rejection("forbidden", "A message is changed by its author only.");
  }
  if (named.deleted) return new Rejection("message_deleted", "This message was deleted.");
  if (named.text === text) return [];
  return [{ type: "MessageEdited", seq, message: factsOf(named, it), content: { text, names: namesOf(named) } }];
}

export function decideDeleteMessage(
  { seq }: Order<"DeleteMessage">,
  it: Case,
  named: MessageState | undefined,
): Decision {
  if (named?.seq !== seq) return noSuchMessage();
  const { senderId, deleted } = named;
  const refused = senderId === it.member.userId ? undefined : refuseWithout(["deleteOthersMessages"], it);
  return refused ?? (deleted ? [] : [{ type: "MessageDeleted", seq, senderId }]);
}

/** A file is known by where it is kept: one that is attached already is not attached again. */
export function decideAttachFiles(
  { seq, files }: Order<"AttachFiles">,
  it: Case,
  named: MessageState | undefined,
): Decision {
  if (named?.seq !== seq) return noSuchMessage();
  if (named.senderId !== it.member.userId) {
    return new Rejection("forbidden", "Files are attached to a message by its author only.");
  }
  if (named.deleted) return new Rejection("message_deleted", "This message was deleted.");
  const added = files.filter(({ key }) => named.files.every((file) => file.key !== key));
  const last = named.files.at(-1)?.number ?? 0;
  if (added.length === 0) return [];
  if (last + added.length > maxFilesPerMessage) {
    return refuseField("files", `A message has at most ${maxFilesPerMessage} files.`);
  }
  const facts = factsOf(named, it);
  const news = added.map(({ key, type, size }, index) => ({ number: last + 1 + index, key, type, size }));
  const names = added.map(({ name }) => name);
  return [
    {
      type: "FileAttached",
      seq,
      files: news,
      message: { ...facts, files: [...facts.files, ...news], editedAt: named.editedAt },
      content: { names, message: { text: named.text, names: [...namesOf(named), ...names] } },
    },
  ];
}

/** Up to a message is up to everything before it too, own messages included. Never back. */
export function decideMarkRead({ upTo, named }: Order<"MarkRead">, it: Case): Decision {
  const { chat, member } = it;
  if (named !== null && !isSeq(named, chat.lastSeq)) return noSuchMessage();
  const target = Math.min(upTo ?? chat.lastSeq, chat.lastSeq);
  if (target <= member.readUpTo) return [];
  return [
    { type: "MessageRead", from: member.readUpTo, upTo: target, named },
    ...decideFullyRead(chat, ({ userId, readUpTo }) => (userId === member.userId ? target : readUpTo)),
  ];
}

function factsOf(
  { seq, senderId, sentAt, replyTo, clientMessageId, files }: MessageState,
  { chat }: Case,
): MessageFacts {
  return {
    senderId,
    sentAt,
    replyTo,
    clientMessageId,
    files: files.map(({ number, key, type, size }) => ({ number, key, type, size })),
    readCount: readCount(chat, senderId, seq),
    fullyRead: isFullyRead(chat, senderId, seq),
  };
}

const namesOf = ({ files }: MessageState): string[] => files.map(({ name }) => name);

const isSeq = (seq: number, lastSeq: number): boolean => seq >= 1 && seq <= lastSeq;

const noSuchMessage = (): Rejection => new Rejection("not_found", "There is no such message.");
