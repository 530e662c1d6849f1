import { createMovingCursor, type MovingCursor } from "@chat/shared/log/cursor";
import type { EventLog } from "@chat/shared/log/event-log";
import type { Logger } from "@chat/shared/telemetry/logger";
import { traceIdOf } from "@chat/shared/telemetry/trace-context";
import { membershipChangeOf } from "./audience.ts";
import type { FactsReader } from "./facts.ts";
import type { Offsets } from "./offsets.ts";
import type { Protocol, TellingContext, Wording } from "./protocols/protocol.ts";
import type { Person, Rooms } from "./rooms.ts";
import type { TailBatch } from "./tail.ts";
import { tellingsOf, type Facts, type Telling } from "./tellings.ts";
import { textFrame } from "./websocket-frame.ts";
import type { EventWindow, SeenEvent } from "./window.ts";

export interface PushesOptions {
  readonly log: Pick<EventLog, "id">;
  readonly window: EventWindow;
  readonly rooms: Rooms;
  readonly facts: FactsReader;
  readonly logger: Logger;
  /** Told how many frames one event became, over all devices. */
  readonly counted: (frames: number) => void;
}

/** Tells those who are connected what happened: each event is put into words once and handed to every device. */
export interface Pushes {
  prepare(batch: TailBatch): Promise<() => void> | (() => void);
  /** Where the stream stands that all live devices hear: behind all that was told. */
  readonly stream: StreamPlace;
}

/** How far a device was told. */
export interface StreamPlace {
  /** The same array as long as nothing moves. */
  offsets(): Offsets;
  cursor(): string;
}

export function createPushes({ log, window, rooms, facts, logger, counted }: PushesOptions): Pushes {
  let moving: MovingCursor | null = null;
  let offsets: number[] = [];
  let shown: Offsets | null = null;

  /** Begins where the window begins: nothing was told yet. */
  function stream(): MovingCursor {
    if (moving === null) {
      offsets = [...window.ends().values()].map((end) => end.offset);
      moving = createMovingCursor(log.id, offsets);
    }
    return moving;
  }

  function advance(partition: number, offset: number): string {
    const at = stream().advance(partition, offset);
    offsets[partition] = offset;
    shown = null;
    return at;
  }

  function place(): Offsets {
    stream();
    return (shown ??= [...offsets]);
  }

  function tellAll(batch: TailBatch, known: Facts): void {
    for (const seen of batch.events) {
      const { chatId, version, event } = seen.record;
      const { joined, gone } = membershipChangeOf(event);
      const entering = joined.map((userId) => rooms.person(userId)).filter((person) => person !== undefined);
      try {
        tell(seen, entering, known);
      } catch (error) {
        // A bug in one telling must not stop all others for ever; a client notices the hole by `version`.
        const trace_id = traceIdOf(seen.record.traceParent);
        logger.error({ err: error, chatId, version, trace_id }, "an event was not told");
      }
      const left = gone === "everybody" ? (rooms.people(chatId) ?? nobody) : gone.map((userId) => rooms.person(userId));
      for (const person of [...left]) if (person?.chats.has(chatId) === true) leave(person, chatId);
      for (const person of entering) rooms.join(person, chatId);
    }
    advance(batch.partition, batch.next.offset);
  }

  function tell({ partition, offset, record }: SeenEvent, entering: readonly Person[], known: Facts): void {
    const present = rooms.people(record.chatId);
    if (present === undefined && entering.length === 0) return;

    const before = stream().text();
    const context = {
      chatId: record.chatId,
      version: record.version,
      before,
      at: advance(partition, offset + 1),
    };
    let frames = 0;
    for (const telling of tellingsOf(record, known)) {
      frames += hand(telling, context, recipientsOf(telling, present ?? nobody, entering));
    }
    counted(frames);
  }

  function recipientsOf(telling: Telling, present: ReadonlySet<Person>, entering: readonly Person[]): Iterable<Person> {
    if (telling.userId !== undefined) {
      const person = rooms.person(telling.userId);
      return person !== undefined && present.has(person) ? [person] : [];
    }
    return telling.to === "joined" ? entering : present;
  }

  function leave(person: Person, chatId: string): void {
    rooms.leave(person, chatId);
    for (const device of person.devices) if (device.shown?.has(chatId) === true) device.lost(chatId);
  }

  return {
    prepare(batch) {
      const known = facts.of(batch);
      return known instanceof Promise ? known.then((read) => () => tellAll(batch, read)) : () => tellAll(batch, known);
    },

    stream: { offsets: place, cursor: () => stream().text() },
  };
}

const nobody: ReadonlySet<Person> = new Set();

/** A wording as frames that can be written. */
interface Encoded {
  /** Null: all hear the same. */
  readonly userId: string | null;
  readonly his: readonly Buffer[];
  readonly others: readonly Buffer[];
}

const silence: Encoded = { userId: null, his: [], others: [] };

function encoded(wording: Wording): Encoded {
  if (!("userId" in wording)) return { userId: null, his: [], others: wording.map(textFrame) };
  const { userId, his, others } = wording;
  return { userId, his: his.map(textFrame), others: others.map(textFrame) };
}

/** Puts it into words once per dialect; says how many frames were handed over. */
function hand(telling: Telling, context: TellingContext, recipients: Iterable<Person>): number {
  let handed = 0;
  let protocol: Protocol | null = null;
  let words: Encoded = silence;
  let others: Map<Protocol, Encoded> | null = null;
  for (const person of recipients) {
    if (telling.only !== undefined && !telling.only(person.userId)) continue;
    for (const device of person.devices) {
      if (device.shown !== null && !device.shown.has(context.chatId)) continue;
      if (device.protocol !== protocol) {
        others ??= new Map();
        if (protocol !== null) others.set(protocol, words);
        protocol = device.protocol;
        words = others.get(protocol) ?? encoded(protocol.framesFor(telling, context));
      }
      const frames = person.userId === words.userId ? words.his : words.others;
      for (const frame of frames) device.push(frame);
      handed += frames.length;
    }
  }
  return handed;
}
