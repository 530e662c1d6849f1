import { decodeEvent } from "@chat/shared/events/event-record";
import { LogHalted, type EventLog, type EventRecord } from "@chat/shared/log/event-log";
import { readEvents, type EventBatch, type StoredEvent } from "@chat/shared/log/fenced-reader";
import { OutcomeUnknown, Fenced, type Leadership } from "@chat/shared/log/partition-writer";
import { startOfPartition, type Position } from "@chat/shared/log/position";
import { Rejection } from "@chat/shared/rejection";
import { applyToMessage } from "../chat-view.ts";
import type { CommandOutcome, CommandRequest } from "../command-request.ts";
import type { OwnerPorts } from "./simulated-instance.ts";
import type { PlantedBug } from "./world.ts";

interface Planted extends PlantedBug {
  /** How the violation begins that it is found by: what goes wrong because of it, no side effect. */
  readonly breaks: string;
  /** Where the search begins. Absent: at 1. One that shows in one run of a thousand would take too long from there. */
  readonly firstSeed?: number;
}

/** Mistakes that one could make, each as the smallest change from outside that makes it. The simulation finds them all. */
export const plantedBugs: Readonly<Record<string, Planted>> = {
  "a reader that does not check epochs": {
    breaks: "all readers read the same",
    inReader: readWithoutEpochs,
  },

  "a batch acknowledged before the gap before it is read": {
    breaks: "it was acknowledged, and is not in the log as it was said",
    inOwner: ({ log, lead }) => ({
      lead: async (candidate, from, learn) =>
        withoutLooking(log, candidate.partition, await lead(candidate, from, learn)),
    }),
  },

  "an own Election that comes late, taken for harmless": {
    breaks: "it was acknowledged, and is not in the log as it was said",
    firstSeed: 1_501,
    inOwner: ({ log }) => ({ log: hidingOwnElections(log) }),
  },

  "an append that got no clear answer, made again by itself": {
    breaks: "versions and seqs are dense, and a key is used once",
    inOwner: ({ log }) => ({
      log: {
        ...log,
        append: (partition, records) => log.append(partition, records).catch(() => log.append(partition, records)),
      },
    }),
  },

  "an unknown outcome taken for not done, and decided again without an Election": {
    breaks: "versions and seqs are dense, and a key is used once",
    inOwner: ({ log, lead }) => ({ lead: goingOn(log, lead) }),
  },

  "a repeat answered before the batch with its original is settled": {
    breaks: "at no moment was that the answer",
    inOwner: answeringRepeatsAtOnce,
  },

  "a refusal from an owner that did not ask whether it still leads": {
    breaks: "at no moment was that the answer",
    inOwner: ({ lead }) => ({
      lead: async (candidate, from, learn) => ({
        ...(await lead(candidate, from, learn)),
        confirm: () => Promise.resolve(),
      }),
    }),
  },

  "a snapshot from below the tail's start accepted": {
    breaks: "versions and seqs are dense, and a key is used once",
    inOwner: ({ lookUps }, tailStart) => ({
      lookUps: {
        async find(wanted) {
          const snapshot = await lookUps.find(wanted);
          const raised = ({ offset, epoch }: Position): Position => ({ offset: Math.max(offset, tailStart()), epoch });
          const positions = [...snapshot.positions].map(([partition, found]) => [partition, raised(found)] as const);
          return { ...snapshot, positions: new Map(positions) };
        },
      },
    }),
  },

  "a key looked for in memory only": {
    breaks: "versions and seqs are dense, and a key is used once",
    inOwner: ({ lookUps }) => ({
      lookUps: { find: async (wanted) => ({ ...(await lookUps.find(wanted)), keys: new Map() }) },
    }),
  },

  "a leader that decides without having read up to its own Election": {
    breaks: "versions and seqs are dense, and a key is used once",
    inOwner: ({ lead }) => ({ lead: (candidate, from) => lead(candidate, from, () => undefined) }),
  },

  "an unknown outcome told as surely not done": {
    breaks: "it was refused, and happened",
    inOwner: tellingNotDone,
  },

  "a reader that goes on where the log ends when it was cut": {
    breaks: "all readers read the same",
    inReader: readOnAfterCut,
    cutsLog: true,
  },

  "an owner that is elected in a log that was cut, and keeps what it knew": {
    breaks: "it was decided after the cut from what was cut",
    inOwner: ({ lead }) => ({
      lead: (candidate, from, learn) =>
        lead(candidate, from, learn).catch((error: unknown) => {
          if (!(error instanceof LogHalted)) throw error;
          const again = { ...candidate, electionId: `${candidate.electionId}again` };
          return lead(again, startOfPartition, () => undefined);
        }),
    }),
    cutsLog: true,
  },

  "an unknown outcome told as surely not done, in a log that was cut": {
    breaks: "it was refused, and happened",
    inOwner: tellingNotDone,
    cutsLog: true,
  },
};

async function* readWithoutEpochs(
  log: EventLog,
  from: ReadonlyMap<number, Position>,
  signal: AbortSignal,
): AsyncGenerator<EventBatch, void, undefined> {
  const offsets = new Map([...from].map(([partition, { offset }]) => [partition, offset]));
  for await (const { partition, records, next } of log.read(offsets, signal)) {
    const events = records.filter((record): record is StoredEvent => record.kind === "event");
    yield { partition, events, next: { offset: next, epoch: null } };
  }
}

async function* readOnAfterCut(
  log: EventLog,
  from: ReadonlyMap<number, Position>,
  signal: AbortSignal,
): AsyncGenerator<EventBatch, void, undefined> {
  const positions = new Map(from);
  try {
    for await (const batch of readEvents(log, from, signal)) {
      positions.set(batch.partition, batch.next);
      yield batch;
    }
  } catch (error) {
    if (!(error instanceof LogHalted)) throw error;
    const ends = await log.ends();
    for (const [partition, { offset, epoch }] of positions)
      positions.set(partition, { offset: Math.min(offset, ends[partition] ?? 0), epoch });
    yield* readWithoutEpochs(log, positions, signal);
  }
}

/** Takes whatever base offset is answered for settled. */
function withoutLooking(log: EventLog, partition: number, { epoch, position }: Leadership): Leadership {
  let next = position();
  return {
    epoch,
    position: () => next,
    async append(events) {
      const records = events.map((event): EventRecord => ({ kind: "event", epoch, ...event }));
      const answer = await log.append(partition, records);
      if (answer.status === "fenced") throw new Fenced("the log says so");
      next = { offset: answer.baseOffset + records.length, epoch };
      return { baseOffset: answer.baseOffset, next };
    },
    async confirm() {
      if ((await log.ends())[partition] !== next.offset) throw new Fenced("there is more than we know");
    },
  };
}

/** Shows those of our Elections that were never acknowledged, and come after the one that was, as void records. */
function hidingOwnElections(log: EventLog): EventLog {
  const own = new Set<string>();
  let acknowledged = Infinity;
  return {
    ...log,
    async append(partition, records) {
      const [first] = records;
      if (first?.kind === "election") own.add(first.id);
      const answer = await log.append(partition, records);
      if (first?.kind === "election" && answer.status === "appended") acknowledged = answer.baseOffset;
      return answer;
    },
    async *read(from, signal) {
      for await (const batch of log.read(from, signal)) {
        const records = batch.records.map((record) =>
          record.kind === "election" && own.has(record.id) && record.offset > acknowledged
            ? { kind: "event" as const, epoch: { offset: -1, id: "" }, key: "", value: "", offset: record.offset }
            : record,
        );
        yield { ...batch, records };
      }
    },
  };
}

/** After an unknown outcome the old reign just goes on. */
function goingOn(log: EventLog, lead: OwnerPorts["lead"]): OwnerPorts["lead"] {
  let doubtful: Leadership | null = null;
  return async (candidate, from, learn) => {
    const leader =
      doubtful === null
        ? await lead(candidate, from, learn)
        : withoutLooking(log, candidate.partition, { ...doubtful, position: () => from });
    doubtful = null;
    return {
      ...leader,
      append: (events) =>
        leader.append(events).catch((error: unknown) => {
          if (error instanceof OutcomeUnknown) doubtful = leader;
          throw error;
        }),
    };
  };
}

function tellingNotDone(): Partial<OwnerPorts> {
  return {
    wrap: (owner) => ({
      ...owner,
      submit: (request) =>
        owner.submit(request).catch((error: unknown) => {
          const unknown = error instanceof Rejection && error.code === "outcome_unknown";
          throw unknown ? new Rejection("unavailable", "Nothing was done.") : error;
        }),
    }),
  };
}

/** Remembers the keys of messages in flight, and answers whoever comes with one of them without waiting. */
function answeringRepeatsAtOnce({ lead }: OwnerPorts): Partial<OwnerPorts> {
  const inFlight = new Map<string, CommandOutcome>();
  const nameOf = ({
    chatId,
    actor,
    idempotencyKey,
    requestHash,
  }: Omit<CommandRequest, "id" | "at" | "command" | "traceParent">): string =>
    JSON.stringify([chatId, actor, idempotencyKey, requestHash]);

  return {
    lead: async (candidate, from, learn) => {
      const leader = await lead(candidate, from, learn);
      return {
        ...leader,
        append(events) {
          for (const { value } of events) {
            const record = decodeEvent(value);
            if (record.event.type !== "MessageSent" || record.idempotencyKey === null) continue;
            const message = applyToMessage(undefined, record, record.event.seq);
            const chat = { status: "deleted" as const, version: record.version };
            inFlight.set(nameOf(record), { status: "repeated", chat, message, events: [] });
          }
          return leader.append(events).finally(() => {
            inFlight.clear();
          });
        },
      };
    },
    wrap: (owner) => ({
      ...owner,
      submit(request) {
        const early = inFlight.get(nameOf(request));
        return early === undefined ? owner.submit(request) : Promise.resolve(early);
      },
    }),
  };
}
