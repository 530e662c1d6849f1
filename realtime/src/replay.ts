import { createMovingCursor } from "@chat/shared/log/cursor";
import { type AttachedFile, type NamedFile, namedFiles } from "@chat/shared/events/attached-files";
import type { FileAttached, MessageEdited, MessageSent } from "@chat/shared/events/chat-events";
import type { ChatEventRecord } from "@chat/shared/events/event-record";
import { hears } from "./audience.ts";
import type { Offsets } from "./offsets.ts";
import { framesTo, type Protocol } from "./protocols/protocol.ts";
import type { Spans } from "./spans.ts";
import { tellingsOf, type Facts, type MessageNow } from "./tellings.ts";
import type { EventWindow, SeenEvent } from "./window.ts";

/** An event that is told late; from the journal together with its message as it stands by now. */
export interface LateEvent extends SeenEvent {
  readonly message?: StoredMessage | null;
}

/** `changedVersion`: the version of the chat at which its text last changed. */
export interface StoredMessage extends Omit<MessageNow, "files"> {
  readonly files: readonly AttachedFile[];
  readonly changedVersion: number;
}

/**
 * Tells one device what it missed, in the words in which others were told when it happened.
 *
 * Partitions come one after the other, each in its order. The cursor is a vector, so it is exact all the same: in
 * partitions that had their turn it stands at what was told, in the others where the device was.
 */
export interface Replay {
  /** The frames that tell these events of one partition, in order, as far as they are the user's to hear. */
  tell(events: readonly LateEvent[], spans: Spans, facts: Facts): string[];
  /** Nothing of the partition before this offset is left to tell. */
  moveTo(partition: number, offset: number): void;
  offsets(): Offsets;
  cursor(): string;
}

export interface ReplayOptions {
  readonly userId: string;
  readonly protocol: Pick<Protocol, "framesFor">;
  readonly logId: string;
  readonly from: Offsets;
  readonly window: Pick<EventWindow, "changeOf">;
}

export function createReplay({ userId, protocol, logId, from, window }: ReplayOptions): Replay {
  const offsets = [...from];
  const moving = createMovingCursor(logId, from);

  function moveTo(partition: number, offset: number): void {
    if (offset <= (offsets[partition] ?? 0)) return;
    offsets[partition] = offset;
    moving.advance(partition, offset);
  }

  /**
   * The text is never older than what was made of it since, and never newer than what the user was there for, or could read when he
   * was back.
   */
  function messageNow({ record, message = null }: LateEvent, knowsUpTo: number | null): MessageNow | null {
    const { event, chatId } = record;
    if (event.type !== "MessageSent" && event.type !== "MessageEdited" && event.type !== "FileAttached") return null;
    const change = window.changeOf(chatId, event.seq);
    const isNewer = change !== undefined && change.version > Math.max(record.version, message?.changedVersion ?? 0);
    const changedVersion = isNewer ? change.version : (message?.changedVersion ?? record.version);
    const isDeleted = isNewer ? change.event.type === "MessageDeleted" : message?.deleted === true;
    const editedHere = editedAtOf(record);
    const filesUntil = event.type === "FileAttached" ? record.version : knowsUpTo;
    const files = isDeleted ? [] : message === null ? filesOf(event) : filesUpTo(message, filesUntil);
    if (knowsUpTo !== null && changedVersion > knowsUpTo)
      return { text: "", editedAt: editedHere, deleted: false, files };
    if (!isNewer) return message === null ? null : { ...messageOnly(message), files };
    if (change.event.type !== "MessageEdited") {
      return { text: "", editedAt: message?.editedAt ?? editedHere, deleted: true, files: [] };
    }
    const { content, message: facts } = change.event;
    return { text: content.text, editedAt: change.at, deleted: false, files: namedFiles(facts.files, content.names) };
  }

  return {
    tell(events, spans, facts) {
      const frames: string[] = [];
      for (const late of events) {
        const { partition, offset, record } = late;
        if (offset < (offsets[partition] ?? 0)) continue;
        const span = spans.at(record.chatId, record.version);
        if (span === undefined) continue;
        const before = moving.text();
        moveTo(partition, offset + 1);
        const context = { chatId: record.chatId, version: record.version, before, at: moving.text() };
        const known = { ...facts, messageNow: () => messageNow(late, spans.knowsUpTo(record.chatId)) };
        for (const telling of tellingsOf(record, known)) {
          if (!hears(telling, userId, record.version === span.from)) continue;
          frames.push(...framesTo(userId, protocol.framesFor(telling, context)));
        }
      }
      return frames;
    },
    moveTo,
    offsets: () => [...offsets],
    cursor: () => moving.text(),
  };
}

const messageOnly = ({ text, editedAt, deleted }: StoredMessage) => ({ text, editedAt, deleted });

/** None that was attached when the user was no longer there, and did not come back. */
function filesUpTo(message: StoredMessage, lastVersion: number | null): readonly AttachedFile[] {
  return message.files.filter(({ version }) => lastVersion === null || version <= lastVersion);
}

/** The message's files as far as the event knows them. */
function filesOf(event: MessageSent | MessageEdited | FileAttached): readonly NamedFile[] {
  if (event.type === "MessageSent") return [];
  if (event.type === "MessageEdited") return namedFiles(event.message.files, event.content.names);
  if (event.message === undefined) return namedFiles(event.files, event.content.names);
  return namedFiles(event.message.files, event.content.message?.names ?? []);
}

/** When the message had last been edited. */
function editedAtOf({ event, at }: ChatEventRecord): string | null {
  if (event.type === "MessageEdited") return at;
  return event.type === "FileAttached" ? (event.message?.editedAt ?? null) : null;
}
