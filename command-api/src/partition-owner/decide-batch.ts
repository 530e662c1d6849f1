import type { ChatEvent } from "@chat/shared/events/chat-events";
import { encodeEvent, type ChatEventRecord } from "@chat/shared/events/event-record";
import type { NewEvent } from "@chat/shared/log/partition-writer";
import { Rejection } from "@chat/shared/rejection";
import { decide } from "../domain/chat/decide.ts";
import type { ActiveChat, ChatState, DeletedChat, MessageState } from "../domain/chat/state.ts";
import { apply, applyToMessage, type ChatView, type Found } from "./chat-view.ts";
import type { CommandOutcome, CommandRequest } from "./command-request.ts";
import { commandKey } from "./look-ups.ts";
import { keyedCommand, type KeyedCommand, type PartitionTail } from "./partition-tail.ts";

/** What is not at hand and must be looked up before the command can be decided. */
export interface Missing {
  readonly chat: boolean;
  readonly key: boolean;
  readonly seq: number | null;
}

export type Verdict =
  | { readonly status: "missing"; readonly missing: Missing }
  /** Its events would make the batch too large: it waits for the next one. */
  | { readonly status: "full" }
  /** To be answered so once the batch is settled, not before: a refusal too must come from the newest state. */
  | { readonly status: "decided"; readonly answer: CommandOutcome | Rejection };

/** Commands decided together, one after the other, each seeing what those before it will have done. */
export interface DecisionBatch {
  decide(request: CommandRequest, found: Found | null): Verdict;
  /** The chats as they will be once the batch is settled. */
  readonly chats: ReadonlyMap<string, ActiveChat | DeletedChat>;
  /** The events of all of them, in order. */
  readonly records: readonly ChatEventRecord[];
  readonly encoded: readonly NewEvent[];
}

interface Dependencies {
  readonly view: ChatView;
  readonly tail: PartitionTail;
  /** Of the encoded events. One command that is larger by itself makes a batch of its own. */
  readonly maxBytes: number;
  readonly newEventId: () => string;
}

export function createDecisionBatch({ view, tail, maxBytes, newEventId }: Dependencies): DecisionBatch {
  const chats = new Map<string, ActiveChat | DeletedChat>();
  const keys = new Map<string, KeyedCommand>();
  const records: ChatEventRecord[] = [];
  const encoded: NewEvent[] = [];
  let bytes = 0;

  const chatOf = (chatId: string, found: Found | null): ChatState | undefined =>
    chats.get(chatId) ?? view.chat(chatId, found);

  /** Undefined: not known yet. Null: this key was never used. */
  function keyed(request: CommandRequest, found: Found | null): KeyedCommand | null | undefined {
    const { chatId, actor, idempotencyKey: key } = request;
    if (key === null) return null;
    const named = commandKey({ chatId, actor, key });
    const known = keys.get(named) ?? tail.keyed(chatId, actor, key);
    if (known !== undefined) return known;
    return found?.hasKey === true && found.offset >= tail.start()
      ? (found.snapshot.keys.get(named) ?? null)
      : undefined;
  }

  function messageOf(chatId: string, seq: number, found: Found | null): MessageState | null | undefined {
    const settled = view.message(chatId, seq, found);
    const own = records.filter((record) => record.chatId === chatId);
    const sentHere = own.some(({ event }) => event.type === "MessageSent" && event.seq === seq);
    if (settled === undefined && !sentHere) return undefined;
    return own.reduce((message, record) => applyToMessage(message, record, seq), settled ?? undefined) ?? null;
  }

  /** Nothing of a command is kept unless all of it could be made. False: it does not fit. */
  function keep(request: CommandRequest, after: ActiveChat | DeletedChat, added: readonly ChatEventRecord[]): boolean {
    const values = added.map((record) => ({ key: request.chatId, value: encodeEvent(record) }));
    const addedBytes = values.reduce((sum, { value }) => sum + Buffer.byteLength(value), 0);
    if (addedBytes > 0 && bytes > 0 && bytes + addedBytes > maxBytes) return false;
    records.push(...added);
    encoded.push(...values);
    bytes += addedBytes;
    chats.set(request.chatId, after);
    const { chatId, actor, idempotencyKey: key, requestHash } = request;
    const first = added[0];
    if (key !== null && requestHash !== null && first !== undefined) {
      keys.set(commandKey({ chatId, actor, key }), keyedCommand(first, requestHash));
    }
    return true;
  }

  function recordOf(request: CommandRequest, version: number, event: ChatEvent): ChatEventRecord {
    return {
      id: newEventId(),
      chatId: request.chatId,
      version,
      actor: request.actor,
      at: request.at,
      commandId: request.id,
      idempotencyKey: request.idempotencyKey,
      requestHash: request.requestHash,
      traceParent: request.traceParent,
      event,
    };
  }

  return {
    chats,
    records,
    encoded,

    decide(request, found) {
      const { chatId } = request;
      const state = chatOf(chatId, found);
      const repeated = keyed(request, found);
      if (state === undefined || repeated === undefined) {
        const missing = { chat: state === undefined, key: repeated === undefined, seq: namedSeq(request, state) };
        return { status: "missing", missing };
      }
      const seq = repeated === null ? namedSeq(request, state) : repeated.seq;
      const message = seq === null ? null : messageOf(chatId, seq, found);
      if (message === undefined) return { status: "missing", missing: { chat: false, key: false, seq } };

      if (repeated !== null) {
        return { status: "decided", answer: answerRepeated(request, repeated, state, message ?? undefined) };
      }
      const decision = decide(request.command, state, request, message ?? undefined);
      if (decision instanceof Rejection) return { status: "decided", answer: decision };
      const events = decision.map((event, index) => recordOf(request, state.version + 1 + index, event));
      const after = events.reduce(apply, state);
      if (after.status === "absent") throw new Error(`${request.command.type} was accepted and left no chat`);
      if (!keep(request, after, events)) return { status: "full" };
      const messageSeq = seq ?? sentSeq(events);
      const messageAfter =
        messageSeq === null
          ? undefined
          : events.reduce((folded, record) => applyToMessage(folded, record, messageSeq), message ?? undefined);
      const status = events.length > 0 ? "done" : "unchanged";
      return { status: "decided", answer: { status, chat: after, message: messageAfter, events } };
    },
  };
}

/** The last message that is read with everything up to `upTo`; null when there is none, or the chat is not known yet. */
function lastReadSeq(upTo: number | null, state: ChatState | undefined): number | null {
  if (state?.status !== "active") return null;
  const seq = Math.min(upTo ?? state.lastSeq, state.lastSeq);
  return seq > 0 ? seq : null;
}

/** The message that a command is about: known to decide it, or to answer whether it is fully read. */
function namedSeq({ command }: CommandRequest, state: ChatState | undefined): number | null {
  switch (command.type) {
    case "EditMessage":
    case "DeleteMessage":
    case "AttachFiles":
      return command.seq;
    case "MarkRead":
      return command.named ?? lastReadSeq(command.upTo, state);
    case "CreateChat":
    case "ChangeChat":
    case "DeleteChat":
    case "AddMembers":
    case "RemoveMember":
    case "LeaveChat":
    case "ChangeRole":
    case "SendMessage":
      return null;
    default:
      return command satisfies never;
  }
}

function sentSeq(events: readonly ChatEventRecord[]): number | null {
  const sent = events.find(({ event }) => event.type === "MessageSent")?.event;
  return sent?.type === "MessageSent" ? sent.seq : null;
}

/** The same key again: the same answer with things as they are now, but never to one who is no longer a member. */
function answerRepeated(
  request: CommandRequest,
  repeated: KeyedCommand,
  state: ChatState,
  message: MessageState | undefined,
): CommandOutcome | Rejection {
  if (repeated.requestHash !== request.requestHash) {
    return new Rejection("idempotency_conflict", "This key was sent before with another request.");
  }
  const { type } = request.command;
  const leaves = type === "LeaveChat" || type === "DeleteChat";
  const isMember = state.status === "active" && state.members.get(request.actor)?.status === "in";
  if (state.status === "absent" || (!isMember && !leaves)) return new Rejection("not_found", "There is no such chat.");
  return { status: "repeated", chat: state, message, events: [], settledIn: repeated.version };
}
