import type { EventLog, LogRecord, StoredRecord } from "@chat/shared/log/event-log";
import type { MemoryLog } from "@chat/shared/log/memory/memory-log";
import type { Epoch } from "@chat/shared/log/position";
import { Rejection } from "@chat/shared/rejection";
import type { CommandOutcome, CommandRequest } from "../command-request.ts";
import type { Machine } from "./machine.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** One command that reached an owner, and what that said. A client that tries again makes another attempt. */
export interface Attempt {
  readonly request: CommandRequest;
  readonly partition: number;
  readonly machine: Machine;
  /** Which of all owners that ever lived decided it. */
  readonly owner: number;
  readonly invokedAt: number;
  answer: Answer | null;
}

export interface Answer {
  readonly at: number;
  /** What was thrown, when it is neither: a bug. */
  readonly said: CommandOutcome | Rejection | Error;
}

/** All that happened in one run, as an onlooker who sees everything would tell it. */
export interface History {
  readonly attempts: Attempt[];
  /** By partition and offset, when the record came into the log. */
  readonly landings: number[][];
  readonly elections: {
    readonly partition: number;
    readonly writer: string;
    readonly id: string;
    readonly at: number;
  }[];
  /** When the log was cut; null in most runs. */
  cutAt: number | null;
  /** The partition whose log was cut, and where it had ended: nobody had read further. */
  cutIn: number | null;
  cutEnd: number;
  cutRecords: number;
  /**
   * After the cut, a leader from before it appended once more where somebody who knows of no other may read on, while no
   * other was elected, or while all who were elected since stand in front of his own Election. Where that fills the place
   * of what was cut no epoch tells the two apart, and a reign that begins further in front is a fenced one to whoever reads
   * his: the two ways in which a cut can stay unnoticed.
   */
  oldReignWentOn: boolean;
  note(what: string): void;
  /** For people: what happened, a line each, in order. */
  lines(): readonly string[];
}

export function createHistory(time: VirtualTime, partitions: number): History {
  const notes: { readonly at: number; readonly what: string }[] = [];
  return {
    attempts: [],
    landings: Array.from({ length: partitions }, () => [0]),
    elections: [],
    cutAt: null,
    cutIn: null,
    cutEnd: 0,
    cutRecords: 0,
    oldReignWentOn: false,
    note: (what) => {
      notes.push({ at: time.now(), what });
    },
    lines: () => notes.map(({ at, what }) => `${at.toFixed(1).padStart(8)}  ${what}`),
  };
}

/** The log, with a note of when each record came into it. */
export function observeLandings(log: MemoryLog, time: VirtualTime, history: History): EventLog {
  const isOfNewReign = (cutAt: number, partition: number, { id }: Epoch): boolean =>
    history.elections.some((one) => one.partition === partition && one.at >= cutAt && id.startsWith(`${one.id}-`));

  /** A reign that begins in front of its Election is a fenced one to whoever still reads the old one. */
  const reignsForItsReaders = (partition: number, { offset }: Epoch): boolean =>
    (log.records[partition]?.findLast(({ kind }) => kind === "election")?.offset ?? 0) <= offset;

  return {
    ...log,
    append(partition, records) {
      const landings = history.landings[partition];
      const base = log.records[partition]?.length ?? 0;
      records.forEach((record, index) => {
        const { cutAt, cutIn, cutEnd } = history;
        if (cutAt !== null && cutIn === partition && record.kind === "event") {
          const isOld = !isOfNewReign(cutAt, partition, record.epoch);
          const mayBeRead = base + index <= cutEnd || reignsForItsReaders(partition, record.epoch);
          if (isOld && mayBeRead) history.oldReignWentOn = true;
        }
        landings?.splice(base + index, Infinity, time.now());
        if (record.kind === "election")
          history.elections.push({ partition, writer: record.writer, id: record.id, at: time.now() });
        history.note(`log ${String(partition)}/${String(base + index)}: ${describeRecord(record)}`);
      });
      return log.append(partition, records);
    },
  };
}

function describeRecord(record: LogRecord | StoredRecord): string {
  switch (record.kind) {
    case "log-created":
      return "LogCreated";
    case "election":
      return `Election ${record.id} of ${record.writer}`;
    case "event":
      return `[epoch ${String(record.epoch.offset)}:${record.epoch.id}] ${record.value}`;
    default:
      return record satisfies never;
  }
}

export function describeRequest({ id, chatId, actor, command, idempotencyKey: key }: CommandRequest): string {
  return `${id} chat ${chatId.slice(-1)} user ${actor} ${key ?? "no key"} ${JSON.stringify(command)}`;
}

export function describeAnswer(said: Answer["said"]): string {
  if (said instanceof Rejection) return said.code;
  if (said instanceof Error) return `threw ${said.message}`;
  return `${said.status} at version ${String(said.chat.version)}, seq ${String(said.message?.seq ?? "none")}`;
}
