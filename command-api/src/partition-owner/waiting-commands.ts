import { Rejection } from "@chat/shared/rejection";
import type { Found } from "./chat-view.ts";
import type { CommandOutcome, CommandRequest } from "./command-request.ts";
import type { Missing } from "./decide-batch.ts";
import type { LookUps } from "./look-ups.ts";

/** A command with somebody who waits for its answer. */
export interface Waiting {
  readonly request: CommandRequest;
  readonly resolve: (outcome: CommandOutcome) => void;
  readonly reject: (error: unknown) => void;
  /** By the owner's clock: when it is answered at the latest. */
  readonly deadline: number;
  found: Found | null;
  /** A look-up for it is under way. */
  looking: boolean;
  answered: boolean;
}

/** The first answer counts: one that was given up on is not answered again. */
export function respond(waiting: Waiting, answer: CommandOutcome | Rejection): void {
  if (waiting.answered) return;
  waiting.answered = true;
  if (answer instanceof Rejection) waiting.reject(answer);
  else waiting.resolve(answer);
}

interface Overdue {
  readonly pending: readonly Waiting[];
  readonly queue: readonly Waiting[];
  readonly lagging: boolean;
  readonly comingIn: boolean;
}

/** Answers what is overdue: what never left this process did not happen; what is in flight may have. True when any waited undecided. */
export function answerOverdue(now: number, { pending, queue, ...why }: Overdue): boolean {
  const isOverdue = ({ deadline }: Waiting): boolean => deadline <= now;
  for (const waiting of pending.filter(isOverdue)) respond(waiting, outcomeUnknown());
  const overdue = queue.filter(isOverdue);
  for (const waiting of overdue) respond(waiting, whyUndecided(why));
  return overdue.length > 0;
}

function whyUndecided({ lagging: isLagging, comingIn }: Pick<Overdue, "lagging" | "comingIn">): Rejection {
  if (isLagging) return lagging();
  return comingIn ? notOwner() : unavailable();
}

/** Looks up what a command lacks and lays it beside what was found before. Rejects when the database is away. */
export async function lookUpFor(
  waiting: Waiting,
  missing: Missing,
  { lookUps, partition, tailStart }: { lookUps: LookUps; partition: number; tailStart: () => number },
): Promise<void> {
  const { chatId, actor, idempotencyKey: key } = waiting.request;
  const hasKey = missing.key && key !== null;
  const snapshot = await lookUps.find({
    chats: missing.chat ? [chatId] : [],
    messages: missing.seq === null ? [] : [{ chatId, seq: missing.seq }],
    keys: hasKey ? [{ chatId, actor, key }] : [],
  });
  const offset = snapshot.positions.get(partition)?.offset ?? 0;
  const found = { offset, snapshot, hasChat: missing.chat, hasKey, seq: missing.seq };
  waiting.found = mergeFound(waiting.found, found, tailStart());
}

/** What was found before still counts when it is not older than the tail. */
function mergeFound(before: Found | null, found: Found, tailStart: number): Found {
  if (before === null || before.offset < tailStart) return found;
  return {
    offset: Math.min(before.offset, found.offset),
    snapshot: {
      positions: found.snapshot.positions,
      chats: new Map([...before.snapshot.chats, ...found.snapshot.chats]),
      messages: new Map([...before.snapshot.messages, ...found.snapshot.messages]),
      keys: new Map([...before.snapshot.keys, ...found.snapshot.keys]),
    },
    hasChat: before.hasChat || found.hasChat,
    hasKey: before.hasKey || found.hasKey,
    seq: found.seq ?? before.seq,
  };
}

export const outcomeUnknown = (): Rejection =>
  new Rejection("outcome_unknown", "It may have happened. Send it again with the same id: that is safe.");
export const unavailable = (): Rejection =>
  new Rejection("unavailable", "The chat's log cannot be reached now; nothing was done.");
/** An event stands in the way that cannot be read, or the log is not what it was: only a person can see to that. */
export const halted = (): Rejection =>
  new Rejection(
    "unavailable",
    "This chat stands still until an operator has seen to its log; this attempt did nothing.",
  );
export const lagging = (): Rejection => new Rejection("lagging", "The read models are catching up; nothing was done.");
export const notOwner = (): Rejection => new Rejection("not_owner", "Another instance decides for this chat.");
export const overloaded = (): Rejection => new Rejection("overloaded", "Too many commands are waiting.");
