import { decodeEvent, type ChatEventRecord } from "@chat/shared/events/event-record";
import type { StoredEvent } from "@chat/shared/log/fenced-reader";
import { Rejection } from "@chat/shared/rejection";
import { decide } from "../../domain/chat/decide.ts";
import { evolve } from "../../domain/chat/evolve.ts";
import { initialState, type ChatState, type MessageState } from "../../domain/chat/state.ts";
import { applyToMessage } from "../chat-view.ts";
import type { CommandOutcome, CommandRequest } from "../command-request.ts";
import { keyedCommand, type KeyedCommand } from "../partition-tail.ts";

/** A chat between two of its events: what was true, and from when until when. */
export interface Moment {
  readonly version: number;
  readonly from: number;
  readonly until: number;
  readonly state: ChatState;
  readonly messages: ReadonlyMap<number, MessageState>;
  readonly keys: ReadonlyMap<string, KeyedCommand>;
  /** The event that begins it; null before the first one. */
  readonly record: ChatEventRecord | null;
}

/** The lives of all chats of a partition as its events tell them, with the time at which each event came into the log. */
export function timelinesOf(
  events: readonly StoredEvent[],
  landedAt: (offset: number) => number,
): ReadonlyMap<string, readonly Moment[]> {
  const timelines = new Map<string, Moment[]>();
  for (const { offset, value } of events) {
    const record = decodeEvent(value);
    const moments = timelines.get(record.chatId) ?? [beforeAll];
    timelines.set(record.chatId, moments);
    const last = moments.at(-1) ?? beforeAll;
    if (record.version !== last.version + 1) {
      throw new Error(`chat ${record.chatId}: version ${String(record.version)} follows ${String(last.version)}`);
    }
    moments[moments.length - 1] = { ...last, until: landedAt(offset) };
    moments.push(next(last, record, landedAt(offset)));
  }
  return timelines;
}

export const beforeAll: Moment = {
  version: 0,
  from: -Infinity,
  until: Infinity,
  state: initialState,
  messages: new Map(),
  keys: new Map(),
  record: null,
};

function next(last: Moment, record: ChatEventRecord, landedAt: number): Moment {
  const { event, actor, idempotencyKey: key, requestHash, version } = record;
  let { messages, keys } = last;
  if (event.type === "MessageSent" && event.seq !== messages.size + 1) {
    throw new Error(`chat ${record.chatId}: seq ${String(event.seq)} follows ${String(messages.size)}`);
  }
  if ("seq" in event) {
    const message = applyToMessage(messages.get(event.seq), record, event.seq);
    if (message !== undefined) messages = new Map(messages).set(event.seq, message);
  }
  if (key !== null && requestHash !== null) {
    const named = keyOf(actor, key);
    const before = keys.get(named);
    if (before === undefined) keys = new Map(keys).set(named, keyedCommand(record, requestHash));
    else if (last.record?.commandId !== record.commandId) throw new Error(`key ${named} was used twice`);
  }
  const state = evolve(last.state, event, record);
  return { version, from: landedAt, until: Infinity, state, messages, keys, record };
}

/** The events of a command, in a form to be compared; or what else it is answered. */
export type Expected =
  | { readonly status: "done"; readonly events: readonly string[] }
  | { readonly status: "unchanged" }
  | { readonly status: "repeated"; readonly message: MessageState | undefined }
  | { readonly status: "refused"; readonly code: string };

/** What the rules say to a command at a moment: asked of the decider itself, with nothing in between. */
export function expectedAt(moment: Moment, request: CommandRequest): Expected {
  const { actor, command, idempotencyKey: key } = request;
  const repeated = key === null ? undefined : moment.keys.get(keyOf(actor, key));
  if (repeated !== undefined) return expectedAgain(moment, request, repeated);
  const named = command.type === "EditMessage" || command.type === "DeleteMessage" ? command.seq : 0;
  const decision = decide(command, moment.state, request, moment.messages.get(named));
  if (decision instanceof Rejection) return { status: "refused", code: decision.code };
  if (decision.length === 0) return { status: "unchanged" };
  return { status: "done", events: decision.map((event) => JSON.stringify(event)) };
}

function expectedAgain(moment: Moment, request: CommandRequest, repeated: KeyedCommand): Expected {
  const { state } = moment;
  if (repeated.requestHash !== request.requestHash) return { status: "refused", code: "idempotency_conflict" };
  if (state.status !== "active" || state.members.get(request.actor)?.status !== "in") {
    return { status: "refused", code: "not_found" };
  }
  return { status: "repeated", message: repeated.seq === null ? undefined : moment.messages.get(repeated.seq) };
}

/** Whether what was said is what the rules say at this moment. */
export function agrees(said: CommandOutcome | Rejection, moment: Moment, request: CommandRequest): boolean {
  const expected = expectedAt(moment, request);
  if (said instanceof Rejection) return expected.status === "refused" && expected.code === said.code;
  if (said.status !== expected.status) return false;
  if (expected.status === "repeated") return JSON.stringify(said.message) === JSON.stringify(expected.message);
  return expected.status === "unchanged" && said.chat.version === moment.version;
}

const keyOf = (actor: string, key: string): string => `${actor} ${key}`;
