import { decodeEvent } from "@chat/shared/events/event-record";
import { admit, type StoredEvent } from "@chat/shared/log/fenced-reader";
import { startOfPartition } from "@chat/shared/log/position";
import { Rejection } from "@chat/shared/rejection";
import type { CommandOutcome } from "../command-request.ts";
import { agrees, beforeAll, expectedAt, timelinesOf, type Moment } from "./chat-timeline.ts";
import { describeAnswer, describeRequest, type Attempt, type History } from "./history.ts";
import type { World } from "./world.ts";

/** A command is answered within this time while its instance runs: two seconds, and the sweep that looks for the overdue. */
const longestAnswerMs = 2_000 + 150;

/** What was promised in a run and not kept. */
export function findViolations(world: World): string[] {
  const { history, memory } = world;
  const found = withoutAnswer(world);
  for (let partition = 0; partition < memory.partitions; partition += 1) {
    found.push(...(history.cutIn !== partition ? ofWholeLog(world, partition) : ofCutLog(world, partition)));
  }
  return history.cutAt === null ? [...found, ...thrown(history), ...haltedWithoutReason(world)] : found;
}

function ofWholeLog(world: World, partition: number): string[] {
  const truth = admitted(world, partition);
  if (truth instanceof Error) return [`what owners write is never broken, but ${truth.message}`];
  return [...disagreements(world, partition, truth), ...untrue(world.history, partition, truth)];
}

/**
 * Records that were acknowledged are gone, so much cannot be kept. What is kept: nobody diverges in silence. All who
 * have not halted read the same, and what an owner acknowledged that was elected after the cut is part of that. It may
 * have been decided from read models that hold what was cut; then the projector has stopped, for everybody to see.
 * And what anybody refused for good, before or after the cut, never comes to be.
 */
function ofCutLog(world: World, partition: number): string[] {
  if (world.history.oldReignWentOn) return [];
  const truth = admitted(world, partition);
  const reading = world.readers.filter((reader) => reader.partition === partition && reader.halted() === null);
  const events = truth instanceof Error ? reading[0]?.seen : truth;
  if (events === undefined) return [];
  return [...disagreements(world, partition, events), ...untrueAfterCut(world, partition, events)];
}

/** What the shipped fence lets through of the log as it lies there in the end. */
function admitted({ memory }: World, partition: number): readonly StoredEvent[] | Error {
  const records = memory.records[partition] ?? [];
  try {
    return admit(memory, startOfPartition, { partition, records, next: records.length }).events;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function withoutAnswer({ history, time }: World): string[] {
  return history.attempts
    .filter(({ machine, answer }) => answer !== null || machine.isAlive())
    .filter(({ machine, invokedAt, answer }) => {
      const until = answer?.at ?? time.now();
      return until - invokedAt - machine.pausedBetween(invokedAt, until) > longestAnswerMs;
    })
    .map((attempt) => `nobody waits longer than two seconds, but ${describe(attempt)}`);
}

function thrown({ attempts }: History): string[] {
  return attempts
    .filter(({ answer }) => answer?.said instanceof Error && !(answer.said instanceof Rejection))
    .map((attempt) => `an owner throws nothing but rejections, but ${describe(attempt)}`);
}

/** Every reader that has not halted has read all that is true, in its order, once; and nothing else. */
function disagreements({ readers, history }: World, partition: number, truth: readonly StoredEvent[]): string[] {
  return readers
    .filter((reader) => reader.partition === partition)
    .flatMap((reader) => {
      const halted = reader.halted();
      if (halted !== null) {
        if (history.cutIn === partition) return [];
        return [`a reader halts only when the log was cut, but ${reader.name}: ${halted.message}`];
      }
      if (sameEvents(reader.seen, truth)) return [];
      const offsets = `${describeOffsets(reader.seen)}, true is ${describeOffsets(truth)}`;
      return [`all readers read the same, but ${reader.name} read ${offsets}`];
    });
}

const sameEvents = (one: readonly StoredEvent[], other: readonly StoredEvent[]): boolean =>
  one.length === other.length &&
  one.every(({ offset, value }, index) => other[index]?.offset === offset && other[index].value === value);

const describeOffsets = (events: readonly StoredEvent[]): string =>
  `${String(events.length)} events at ${events.map(({ offset }) => offset).join(" ")}`;

/** Every answer was true at some moment between the question and the answer, and what was done is in the log, once. */
function untrue(history: History, partition: number, truth: readonly StoredEvent[]): string[] {
  const timelines = timelinesOrError(history, partition, truth);
  if (timelines instanceof Error) {
    return [`versions and seqs are dense, and a key is used once, but ${timelines.message}`];
  }
  return history.attempts
    .filter((attempt) => attempt.partition === partition)
    .flatMap((attempt) => {
      const why = whyUntrue(attempt, timelines.get(attempt.request.chatId) ?? [beforeAll]);
      return why === null ? [] : [`${why}: ${describe(attempt)}`];
    });
}

function timelinesOrError(
  history: History,
  partition: number,
  truth: readonly StoredEvent[],
): ReturnType<typeof timelinesOf> | Error {
  try {
    return timelinesOf(truth, (offset) => history.landings[partition]?.[offset] ?? Infinity);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** What an owner says when it will not decide. */
const surelyNotDone: ReadonlySet<string> = new Set(["unavailable", "lagging", "overloaded", "not_owner"]);

function whyUntrue(attempt: Attempt, moments: readonly Moment[]): string | null {
  const { request, answer } = attempt;
  const first = moments.findIndex(({ record }) => record?.commandId === request.id);
  const own = moments.filter(({ record }) => record?.commandId === request.id);
  if (first > 0) {
    const expected = expectedAt(moments[first - 1] ?? beforeAll, request);
    const events = own.map(({ record }) => JSON.stringify(record?.event));
    if (expected.status !== "done" || expected.events.join() !== events.join()) {
      return "what stands in the log was decided from another state than the one before it";
    }
    if (own.some(({ version }, index) => version !== (moments[first]?.version ?? 0) + index)) {
      return "the events of a command stand apart";
    }
  }
  if (answer === null) return null;
  const { said } = answer;
  if (said instanceof Rejection) {
    if (said.code === "outcome_unknown") return null;
    if (own.length > 0) return "it was refused, and happened";
    if (surelyNotDone.has(said.code)) return null;
  } else if (said instanceof Error) {
    return null;
  } else if (said.status === "done") {
    return whyNotDone(said, own, answer.at);
  } else if (own.length > 0) {
    return "it was said to change nothing, and did";
  }
  const meanwhile = moments.filter(({ from, until }) => from <= answer.at && until >= attempt.invokedAt);
  return meanwhile.some((moment) => agrees(said, moment, request)) ? null : "at no moment was that the answer";
}

function whyNotDone(said: CommandOutcome, own: readonly Moment[], answeredAt: number): string | null {
  const stored = own.map(({ record }) => JSON.stringify(record));
  if (said.events.map((record) => JSON.stringify(record)).join() !== stored.join() || stored.length === 0) {
    return "it was acknowledged, and is not in the log as it was said";
  }
  return own.every(({ from }) => from <= answeredAt) ? null : "it was acknowledged before it was in the log";
}

function untrueAfterCut({ history, projector }: World, partition: number, truth: readonly StoredEvent[]): string[] {
  const { attempts, elections, cutAt } = history;
  const electedAfterCut = ({ machine, invokedAt }: Attempt): boolean =>
    elections.some(
      ({ writer, at, partition: of }) =>
        of === partition && writer === machine.name && at > (cutAt ?? Infinity) && at < invokedAt,
    );
  const stands = new Set(truth.map(({ value }) => decodeEvent(value).commandId));
  const ofPartition = attempts.filter((attempt) => attempt.partition === partition);
  const refused = ofPartition.filter(({ request, answer }) => {
    const said = answer?.said;
    return said instanceof Rejection && said.code !== "outcome_unknown" && stands.has(request.id);
  });
  const untrue = ofPartition
    .filter((attempt) => electedAfterCut(attempt))
    .flatMap((attempt) => {
      const said = attempt.answer?.said;
      if (said === undefined || said instanceof Error || said.status !== "done") return [];
      const ofChat = truth.filter(({ key }) => key === attempt.request.chatId).map(({ value }) => decodeEvent(value));
      const index = ofChat.findIndex(({ commandId }) => commandId === attempt.request.id);
      if (index < 0) return [`it was acknowledged after the cut, and nobody reads it: ${describe(attempt)}`];
      if (ofChat[index]?.version === index + 1 || projector.stopped() !== null) return [];
      return [`it was decided after the cut from what was cut: ${describe(attempt)}`];
    });
  return [...refused.map((attempt) => `it was refused, and happened: ${describe(attempt)}`), ...untrue];
}

function haltedWithoutReason({ halts, projector }: World): string[] {
  const stopped = projector.stopped();
  return [
    ...halts.map(({ who, error }) => `an owner halts only when the log was cut, but ${who}: ${error.message}`),
    ...(stopped === null ? [] : [`the projector stops at nothing that owners write, but: ${stopped.message}`]),
  ];
}

function describe({ request, machine, invokedAt, answer }: Attempt): string {
  const said =
    answer === null ? "had no answer" : `was answered ${describeAnswer(answer.said)} at ${answer.at.toFixed(1)}`;
  return `${describeRequest(request)}, asked of ${machine.name} at ${invokedAt.toFixed(1)}, ${said}`;
}
