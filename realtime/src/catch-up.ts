import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "@chat/shared/telemetry/logger";
import type { CatchUpRows } from "./catch-up-rows.ts";
import type { FactsReader } from "./facts.ts";
import type { Gate } from "./gate.ts";
import { createJournalPart, type JournalPart } from "./journal-part.ts";
import { createJournalReads, type JournalSlice, type JournalSlices } from "./journal-slices.ts";
import type { Offsets } from "./offsets.ts";
import type { Protocol } from "./protocols/protocol.ts";
import type { StreamPlace } from "./pushes.ts";
import { createReplay, type LateEvent, type Replay } from "./replay.ts";
import type { Person } from "./rooms.ts";
import { createSpans, spansFromEvents, type Spans } from "./spans.ts";
import type { Tail } from "./tail.ts";
import { textFrame } from "./websocket-frame.ts";
import type { EventWindow, SeenEvent } from "./window.ts";

/** Events told without a pause: some milliseconds, after which others have their turn. */
const MAX_SLICE_EVENTS = 1_000;
/** The first slice is small, for nobody knows yet how large its messages are. */
const FIRST_SLICE_EVENTS = 100;
const MIN_SLICE_EVENTS = 16;
/** What a slice should come to: so much waits in memory for a device that reads slowly. */
const SLICE_BYTES = 512 * 1024;
/** After a failure the slice is read again; the device keeps its socket, and its heartbeat. */
const RETRY_MS = 500;
/**
 * Rounds without an event told or passed, a minute or so of them: the journal or the log is away, or a bug stands in the
 * way. The socket is closed then, and the client comes back when it thinks best, as to an instance that is overloaded.
 */
const MAX_IDLE_ROUNDS = 120;

/** A socket that is told what it missed. */
export interface LateDevice {
  readonly protocol: Protocol;
  readonly person: Person;
  /** Null: it hears of all chats. */
  readonly chatId: string | null;
  /** Told where it is while it catches up. */
  set stream(place: StreamPlace);
  push(frames: Buffer): void;
  drained(): Promise<boolean>;
  close(reason: "overload"): void;
}

export interface CatchUp {
  /**
   * To be called between two batches, with the device's place as `device.stream`. Tells what was missed, then calls
   * `live`, between two batches again, from where on the device is to hear what all hear. What is at hand in memory
   * and fits into one slice is told at once, without a look at the database.
   */
  begin(device: LateDevice, from: Offsets, live: () => void): void;
}

export interface CatchUpOptions {
  readonly logId: string;
  readonly rows: CatchUpRows;
  readonly window: EventWindow;
  readonly facts: Pick<FactsReader, "forOne">;
  readonly tail: Pick<Tail, "between" | "reached">;
  readonly logger: Logger;
  readonly counted: (frames: number) => void;
  /** Of all devices together. */
  readonly gate: Gate;
}

/** One device on its way to the present. */
interface Course {
  readonly device: LateDevice;
  readonly replay: Replay;
  readonly live: () => void;
  /** Null: to be found out. */
  spans: Spans | null;
  /** Up to where events have been folded into `spans`, by partition. */
  folded: number[];
  journal: JournalPart | null;
  readonly slices: JournalSlices;
  sliceEvents: number;
}

export function createCatchUp(options: CatchUpOptions): CatchUp {
  const { logId, rows, window, facts, tail, logger, counted } = options;
  const { gate } = options;
  const openSlices = createJournalReads(rows, gate);
  const partitions = [...window.ends().keys()];

  async function run(course: Course): Promise<void> {
    let place = -1;
    let idleRounds = 0;
    while (await course.device.drained()) {
      const before = place;
      place = course.replay.offsets().reduce((sum, offset) => sum + offset, 0);
      idleRounds = place > before ? 0 : idleRounds + 1;
      if (idleRounds > MAX_IDLE_ROUNDS) {
        course.device.close("overload");
        return;
      }
      try {
        if (await goLive(course)) return;
        await tellSlice(course);
      } catch (error) {
        logger.warn({ err: error }, "catching up was interrupted and goes on where it was");
        course.spans = null;
        course.journal = null;
        await sleep(RETRY_MS);
      }
    }
  }

  async function tellSlice(course: Course): Promise<void> {
    if (isBehindWindow(course)) await tellFromJournal(course);
    else if (knowsSpans(course)) await tellFromWindow(course);
    else await readSpans(course);
  }

  function isBehindWindow({ replay }: Course): boolean {
    return replay.offsets().some((offset, partition) => offset < window.start(partition));
  }

  /** Brings the spans to what was told last. False: they must be read. */
  function knowsSpans(course: Course): boolean {
    const { device, replay } = course;
    const { userId } = device.person;
    const isShown = ({ record }: SeenEvent): boolean => device.chatId === null || record.chatId === device.chatId;
    if (course.spans === null) {
      const offsets = replay.offsets();
      const missed = partitions.flatMap((partition) => window.from(partition, offsets[partition] ?? 0) ?? []);
      course.spans = spansFromEvents(userId, chatsOf(device), missed.filter(isShown));
      course.folded = partitions.map((partition) => window.end(partition).offset);
      return course.spans !== null;
    }
    for (const partition of partitions) {
      const since = window.from(partition, course.folded[partition] ?? 0);
      if (since === null) {
        course.spans = null;
        return false;
      }
      for (const seen of since) if (isShown(seen)) course.spans.fold(seen.record);
      course.folded[partition] = Math.max(course.folded[partition] ?? 0, window.end(partition).offset);
    }
    return true;
  }

  async function readSpans(course: Course): Promise<void> {
    course.slices.drop();
    const offsets = course.replay.offsets();
    const { person, chatId } = course.device;
    const { rows: found, positions } = await gate(() => rows.spans(person.userId, chatId, offsets));
    course.spans = createSpans(person.userId, found);
    course.folded = partitions.map((partition) => positions.get(partition)?.offset ?? 0);
    const told = partitions.map((partition) => window.end(partition).offset);
    const upTo = course.folded.map((offset, partition) => Math.min(offset, told[partition] ?? 0));
    course.journal = createJournalPart(found, offsets, upTo);
  }

  async function tellFromJournal(course: Course): Promise<void> {
    // What the window was cut from meanwhile is known to the rows.
    if (course.journal === null || course.spans === null) await readSpans(course);
    const { journal, replay, slices } = course;
    if (journal === null) return;
    const slice = await slices.take(journal, replay.offsets(), course.sliceEvents);
    if (slice === null) {
      course.journal = null;
      return;
    }
    if (slice.events.length > 0 && !(await tellJournalSlice(course, slice))) return;
    const last = slice.full ? slice.events.at(-1) : undefined;
    for (const partition of slice.of.partitions) {
      if (last === undefined || partition < last.partition) replay.moveTo(partition, journal.end(partition));
    }
    if (last !== undefined) replay.moveTo(last.partition, last.offset + 1);
    slices.readAhead(journal, replay.offsets(), course.sliceEvents);
  }

  /** False: it says too much or too little by now, and is to be read again. */
  async function tellJournalSlice(course: Course, { of, events, positions }: JournalSlice): Promise<boolean> {
    // The rows may know what was not told here yet: that the user has gone, say, and what was written then.
    const known = new Map(of.partitions.map((partition) => [partition, positions.get(partition)?.offset ?? 0]));
    if (!(await tail.reached(known, RETRY_MS))) return false;
    const { device } = course;
    const parts = [...Map.groupBy(events, ({ partition }) => partition)];
    const all = await Promise.all(
      parts.map(async ([partition, ofPartition]) =>
        facts.forOne(device.person.userId, { partition, events: ofPartition }, device.protocol),
      ),
    );
    // What was taken back since the rows were read must still be in memory.
    if ([...known].some(([partition, offset]) => offset < window.start(partition))) return false;
    if (!knowsSpans(course)) return false;
    const frames = parts.flatMap(([, ofPartition], index) => tellEvents(course, ofPartition, all[index]));
    hand(course, frames, events.length);
    return true;
  }

  async function tellFromWindow(course: Course): Promise<void> {
    const { replay, device } = course;
    for (const part of windowParts(course, course.sliceEvents)) {
      const known = await facts.forOne(device.person.userId, part, device.protocol);
      if (!knowsSpans(course)) return;
      hand(course, tellEvents(course, part.events, known), part.events.length);
      replay.moveTo(part.partition, part.upTo);
    }
  }

  /** What of the window is the user's to hear and was not told yet: at most so many events, and hardly more than a slice. */
  function windowParts({ replay, spans }: Course, limit: number): WindowPart[] {
    const parts: WindowPart[] = [];
    let left = limit;
    let bytes = SLICE_BYTES;
    for (const [partition, from] of replay.offsets().entries()) {
      const end = window.end(partition).offset;
      if (from >= end || left === 0) continue;
      const events: SeenEvent[] = [];
      let upTo = end;
      for (const event of window.from(partition, from) ?? []) {
        if (spans?.at(event.record.chatId, event.record.version) === undefined) continue;
        events.push(event);
        bytes -= event.bytes;
        left = bytes > 0 ? left - 1 : 0;
        if (left > 0) continue;
        upTo = event.offset + 1;
        break;
      }
      parts.push({ partition, events, upTo });
    }
    return parts;
  }

  /** `live` is called between two batches, when nothing is left to tell but what can be told at once. */
  function goLive(course: Course): Promise<boolean> {
    return new Promise((resolve) => {
      tail.between(() => {
        resolve(tellRest(course));
        return true;
      });
    });
  }

  function tellRest(course: Course): boolean {
    if (isBehindWindow(course) || !knowsSpans(course)) return false;
    const parts = windowParts(course, MAX_SLICE_EVENTS);
    const { replay, device } = course;
    const known = parts.map((part) => facts.forOne(device.person.userId, part, device.protocol));
    if (known.some((one) => one instanceof Promise)) {
      for (const one of known) if (one instanceof Promise) one.catch(() => undefined);
      return false;
    }
    parts.forEach((part, index) => {
      const one = known[index];
      if (one === undefined || one instanceof Promise) return;
      hand(course, tellEvents(course, part.events, one), part.events.length);
      replay.moveTo(part.partition, part.upTo);
    });
    if (replay.offsets().some((offset, partition) => offset < window.end(partition).offset)) return false;
    course.live();
    return true;
  }

  function tellEvents(
    course: Course,
    events: readonly LateEvent[],
    known: Awaited<ReturnType<FactsReader["forOne"]>> | undefined,
  ): string[] {
    if (known === undefined || course.spans === null) return [];
    return course.replay.tell(events, course.spans, known);
  }

  function hand(course: Course, frames: readonly string[], events: number): void {
    if (frames.length === 0) return;
    const bytes = Buffer.concat(frames.map(textFrame));
    course.device.push(bytes);
    counted(frames.length);
    const fitting = Math.floor((events * SLICE_BYTES) / bytes.length);
    course.sliceEvents = Math.max(MIN_SLICE_EVENTS, Math.min(MAX_SLICE_EVENTS, fitting));
  }

  return {
    begin(device, from, live) {
      const { person, protocol } = device;
      const replay = createReplay({ userId: person.userId, protocol, logId, from, window });
      device.stream = replay;
      const empty = { spans: null, folded: [], journal: null, slices: openSlices(), sliceEvents: FIRST_SLICE_EVENTS };
      const course: Course = { device, replay, live, ...empty };
      if (!tellRest(course)) void run(course).finally(course.slices.drop);
    },
  };
}

function chatsOf({ person: { chats }, chatId }: LateDevice): Iterable<string> {
  if (chatId === null) return chats;
  return chats.has(chatId) ? [chatId] : [];
}

interface WindowPart {
  readonly partition: number;
  readonly events: readonly SeenEvent[];
  /** Nothing before it is left to tell. */
  readonly upTo: number;
}
