import { LogHalted } from "@chat/shared/log/event-log";
import { Fenced, type Leadership } from "@chat/shared/log/partition-writer";
import type { Rejection } from "@chat/shared/rejection";
import type { CommandOutcome, CommandRequest } from "./command-request.ts";
import { createDecisionBatch, type DecisionBatch, type Missing, type Verdict } from "./decide-batch.ts";
import * as limits from "./owner-limits.ts";
import type { PartitionOwnerDependencies } from "./partition-owner-dependencies.ts";
import { createPartitionState } from "./partition-state.ts";
import type { PartitionTail } from "./partition-tail.ts";
import { StuckAtEvent } from "./stuck-at-event.ts";
import * as refusal from "./waiting-commands.ts";
import { answerOverdue, lookUpFor, respond, type Waiting } from "./waiting-commands.ts";
import { whereToLearnFrom } from "./where-to-learn-from.ts";

export interface PartitionOwner {
  /**
   * Decides a command after all that was accepted before it, and resolves once that is settled for ever. Throws a
   * `Rejection`: what the chat's rules say, 421 `not_owner` (it did not happen and never will: send it to who owns the
   * partition now), 503 `unavailable`, `lagging`, `overloaded` (it did not happen) or `outcome_unknown` (it may have).
   */
  submit(request: CommandRequest): Promise<CommandOutcome>;
  /** The chat's tail and state from here on serve look-ups that are not decisions. */
  tail(): PartitionTail;
  /** Commands that are not decided yet: they wait for the append before them, or for a look-up. */
  waiting(): number;
  /** The read models hold everything below `offset`: the tail may forget it. */
  projectedUpTo(offset: number): void;
  /** Resolves when it leads, or is stuck at an event: then it refuses commands and tries again. Throws `LogHalted`. */
  start(): Promise<void>;
  /** Finishes what was accepted, refuses what comes. Without the lease it gives back what it has not decided for good. */
  stop(): Promise<void>;
}

interface Batch extends DecisionBatch {
  readonly answers: readonly (readonly [Waiting, CommandOutcome | Rejection])[];
}

/**
 * Owns one partition: the only one who decides for its chats.
 *
 * One batch is in flight at a time; commands that arrive meanwhile wait *undecided* and are decided together, in
 * order, when it is settled. All answers of a batch, refusals and repeats too, leave when the batch is settled. When
 * an append gets no clear answer its commands are held, a new Election is appended, and everything up to it is read:
 * then each of them either stands in the log or never will.
 */
export function createPartitionOwner(dependencies: PartitionOwnerDependencies): PartitionOwner {
  const { log, partition, writer, lookUps, clock, observe, mayLead = () => true, room = limits.room } = dependencies;
  const state = createPartitionState(partition);
  const { tail } = state;
  let leadership: Leadership | null = null;
  let queue: Waiting[] = [];
  let pending: readonly Waiting[] = [];
  /** Where the batch in flight may stand at the earliest: the tail keeps all from here on, for it tells what landed. */
  let inDoubtFrom: number | null = null;
  /** The batch in flight is surely void: another Election stood before it. */
  let isVoid = false;
  let stopping = false;
  let halted: Error | null = null;
  let lagging = false;
  /** Up to here commands may wait that came before its first reign. Nothing has failed: whoever asked may well ask again. */
  let newUntil = Infinity;
  let wake: () => void = () => undefined;
  let isStuck: () => void = () => undefined;
  let loop: Promise<void> = Promise.resolve();

  function submit(request: CommandRequest): Promise<CommandOutcome> {
    if (stopping) return Promise.reject(refusal.notOwner());
    if (halted !== null || state.stuckAt() !== null) return Promise.reject(refusal.halted());
    if (queue.length >= limits.maxWaiting) return Promise.reject(refusal.overloaded());
    if (tail().bytes() > room.maxTailBytes) return Promise.reject(refusal.lagging());
    return new Promise((resolve, reject) => {
      const deadline = clock.now() + limits.maxAnswerMs;
      queue.push({ request, resolve, reject, deadline, found: null, looking: false, answered: false });
      wake();
    });
  }

  const finished = (): boolean => stopping && [...pending, ...queue].every(({ answered }) => answered);

  async function run(): Promise<void> {
    while (halted === null && !finished()) {
      if (leadership === null) await elect();
      else await decideAndSettle(leadership);
    }
  }

  async function decideAndSettle(leader: Leadership): Promise<void> {
    const batch = decideWaiting();
    if (batch.answers.length === 0) {
      if (!finished()) await new Promise<void>((resolve) => (wake = resolve));
      return;
    }
    pending = batch.answers.map(([waiting]) => waiting);
    inDoubtFrom = leader.position().offset;
    const began = clock.now();
    try {
      await settle(leader, batch);
      observe.settled(partition, pending.length, batch.records.length, clock.now() - began);
    } catch (error) {
      leadership = null;
      await afterFailure(error, inDoubtFrom);
    }
    pending = [];
    inDoubtFrom = null;
  }

  /** Decides all that waits and can be decided now. A chat's commands keep their order: one that lacks something holds back those behind it. */
  function decideWaiting(): Batch {
    const batch = createDecisionBatch({
      view: state.view,
      tail: tail(),
      maxBytes: room.maxBatchBytes,
      newEventId: dependencies.newEventId,
    });
    const answers: [Waiting, CommandOutcome | Rejection][] = [];
    const left: Waiting[] = [];
    const held = new Set<string>();
    let full = false;
    for (const waiting of queue) {
      if (waiting.answered) continue;
      const { request } = waiting;
      if (waiting.looking || held.has(request.chatId) || full) {
        held.add(request.chatId);
        if (!full && !waiting.looking && waiting.found === null) lookUp(waiting, { chat: true, key: true, seq: null });
        left.push(waiting);
        continue;
      }
      const verdict = decideOne(batch, waiting);
      if (verdict === null) continue;
      if (verdict.status === "decided") {
        answers.push([waiting, verdict.answer]);
        continue;
      }
      held.add(request.chatId);
      left.push(waiting);
      if (verdict.status === "full") full = true;
      else lookUp(waiting, verdict.missing);
    }
    queue = left;
    return { ...batch, answers };
  }

  /** Null when deciding failed, which is a bug: its command is answered so, the others go on. */
  function decideOne(batch: DecisionBatch, waiting: Waiting): Verdict | null {
    try {
      return batch.decide(waiting.request, waiting.found);
    } catch (error) {
      observe.failed(partition, error);
      waiting.answered = true;
      waiting.reject(error);
      return null;
    }
  }

  function lookUp(waiting: Waiting, missing: Missing): void {
    waiting.looking = true;
    lookUpFor(waiting, missing, { lookUps, partition, tailStart: () => tail().start() })
      .catch(async (error: unknown) => {
        observe.failed(partition, error);
        await clock.sleep(limits.sweepMs);
      })
      .finally(() => {
        waiting.looking = false;
        wake();
      });
  }

  async function settle(leader: Leadership, batch: Batch): Promise<void> {
    if (batch.records.length === 0) {
      await leader.confirm();
      state.confirmed(leader.position());
    } else {
      state.settled(batch, await leader.append(batch.encoded));
    }
    for (const [waiting, answer] of batch.answers) respond(waiting, answer);
  }

  async function afterFailure(error: unknown, inDoubt: number): Promise<void> {
    if (error instanceof LogHalted) {
      halt(error);
      return;
    }
    isVoid = error instanceof Fenced;
    if (isVoid) observe.fenced(partition);
    else observe.failed(partition, error);
    await elect();
    // The tail had to begin anew beyond the batch: what landed cannot be told any more.
    if (tail().start() > inDoubt) for (const waiting of pending) respond(waiting, refusal.outcomeUnknown());
    // Read up to our new Election, the log says of each command whether it happened. The rest is decided anew.
    const again = pending.filter((waiting) => !waiting.answered && !answerLanded(waiting));
    for (const waiting of again) waiting.found = null;
    queue = [...again, ...queue];
  }

  function answerLanded(waiting: Waiting): boolean {
    const outcome = state.landed(waiting.request, waiting.found);
    if (outcome !== null) respond(waiting, outcome === "not shown" ? refusal.outcomeUnknown() : outcome);
    return outcome !== null;
  }

  /** Tries until it leads, is stopped, or the log has halted it. */
  async function elect(): Promise<void> {
    let wait = limits.electAgainMs.first;
    while (leadership === null && halted === null && !finished()) {
      if (!mayLead()) {
        if (stopping) stepBack();
        else await clock.sleep(limits.electAgainMs.first);
        continue;
      }
      try {
        const from = await whereToLearnFrom({ ...dependencies, room, state });
        lagging = from === "lagging";
        if (from === "lagging" || from === "stuck") {
          await clock.sleep(lagging ? limits.sweepMs : limits.lookForSkipMs);
          continue;
        }
        const electionId = dependencies.newElectionId();
        leadership = await dependencies.lead({ log, partition, writer, electionId }, from, state.learn);
        newUntil = Math.min(newUntil, clock.now() + limits.maxAnswerMs);
        state.confirmed(leadership.position());
        observe.elected(partition);
      } catch (error) {
        newUntil = 0;
        if (error instanceof StuckAtEvent) {
          refuseBecause(error);
          isStuck();
          continue;
        }
        if (error instanceof LogHalted) {
          halt(error);
          return;
        }
        observe.failed(partition, error);
        await clock.sleep(wait);
        wait = Math.min(2 * wait, limits.electAgainMs.most);
      }
    }
  }

  /** Another has the lease. What is surely not in the log is his to decide; of what was in flight nobody here will learn more. */
  function stepBack(): void {
    refuseAll(isVoid ? refusal.notOwner : refusal.outcomeUnknown, refusal.notOwner);
  }

  /** Going on would risk answers from a state that the log does not bear out: refuse everything and say so. */
  function halt(error: Error): void {
    halted = error;
    leadership = null;
    refuseBecause(error);
  }

  function refuseBecause(error: Error): void {
    observe.halted(partition, error);
    refuseAll(refusal.outcomeUnknown, refusal.halted);
  }

  function refuseAll(inFlight: () => Rejection, undecided: () => Rejection): void {
    for (const waiting of pending) respond(waiting, inFlight());
    for (const waiting of queue) respond(waiting, undecided());
    [pending, queue] = [[], []];
  }

  async function sweep(): Promise<void> {
    while (!finished() && halted === null) {
      await clock.sleep(limits.sweepMs);
      const now = clock.now();
      const overdue = answerOverdue(now, { pending, queue, lagging, comingIn: now < newUntil + limits.sweepMs });
      queue = queue.filter((waiting) => !waiting.answered);
      if (overdue) wake();
    }
  }

  return {
    submit,
    tail,
    waiting: () => queue.length,
    projectedUpTo(offset) {
      const known = state.known();
      if (known !== null) tail().cut(Math.min(offset, inDoubtFrom ?? known.offset));
    },
    async start() {
      void sweep();
      const stuck = new Promise<void>((resolve) => (isStuck = resolve));
      const elected = elect();
      // One that is stopped meanwhile waits for it: an Election that lands late would fence whoever comes next.
      loop = elected.then(run).catch((error: unknown) => {
        halt(error instanceof Error ? error : new Error(String(error)));
      });
      await Promise.race([elected, stuck]);
      if (halted !== null) throw halted;
    },
    async stop() {
      stopping = true;
      wake();
      await loop;
      observe.stopped(partition);
    },
  };
}
