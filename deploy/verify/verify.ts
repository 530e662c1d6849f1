import type { ClientBase } from "pg";
import { decodeEvent, type ChatEventRecord } from "@chat/shared/events/event-record";
import { LogHalted, type EventLog } from "@chat/shared/log/event-log";
import { readEvents, type StoredEvent } from "@chat/shared/log/fenced-reader";
import { sameEpoch, startOfPartition, type Position } from "@chat/shared/log/position";
import { partitionOf } from "@chat/shared/partitions/partition-of";
import { compareChats, compareDegraded } from "./compare-chats.ts";
import { compareEvents, type PlacedRecord } from "./compare-events.ts";
import { createChatFold, type ChatFold } from "./fold-chats.ts";
import { createRowReader, type RowReader } from "./queries/rows.ts";
import { chatsOfNoEvent, inSnapshot, type Snapshot, usersWithoutAccount } from "./queries/snapshot.ts";
import { type Claim, createRowClaims, type RowClaims } from "./row-claims.ts";
import { createSkippedEvents, type SkippedEvents } from "./skipped-events.ts";
import type { Tell } from "./violations.ts";
import { wrongWatermarks } from "./watermarks.ts";

/** Chats, members, memberships and messages that are to change in memory at once: some hundred megabytes at most. A partition with more is read in several rounds. */
const defaultMaxHeld = 300_000;
/** Events whose rows are asked for at once. */
const eventsAtOnce = 1_000;
/** A line of progress for so many events. */
const progressEvery = 100_000;
/** Chats without events are named one by one up to here. */
const maxNamed = 100;

export interface VerifyOptions {
  readonly log: EventLog;
  /** A connection of its own, connected; only SELECTs are sent. */
  readonly client: ClientBase;
  readonly tell: Tell;
  /** How far it is, for a person. */
  readonly report: (line: string) => void;
  readonly maxHeld?: number;
}

export interface Verified {
  readonly events: number;
  /** Compared whole. */
  readonly chats: number;
  /** An operator has skipped an event of them: what each of their other events makes for itself was compared, and nothing else. */
  readonly degraded: number;
  /** Records that the read models do not hold yet: they were not looked at. */
  readonly ahead: number;
}

export interface VerifiedSystem extends Verified {
  /** Users whom chats name and who have no account; null when that may not be looked at. */
  readonly withoutAccount: number | null;
}

/**
 * Checks a system that runs: reads the log from its beginning to where the read models are, and compares. Each partition is
 * compared within one snapshot of the database at the position that stands in it, so what is written meanwhile is neither
 * missed nor taken for damage. Throws what the log or the database throws when they are away.
 */
export async function verify(options: VerifyOptions): Promise<VerifiedSystem> {
  const { log, client, tell, report, maxHeld = defaultMaxHeld } = options;
  const skipped = { chats: new Set<string>(), events: 0, partitions: log.partitions };
  const sum = { events: 0, chats: 0, degraded: 0, ahead: 0 };
  for (let partition = 0; partition < log.partitions; partition += 1) {
    let rounds = 1;
    for (let round = 0; round < rounds;) {
      const done = await inSnapshot(client, partition, (snapshot) =>
        // Shares are alike in size: what the first can hold, the others can.
        verifyRound({
          ...options,
          maxHeld: round === 0 ? maxHeld : Infinity,
          partition,
          snapshot,
          isFirst: round === 0,
          isOurs: shareOf(round, rounds),
        }),
      );
      if (done === "too many") {
        rounds *= 2;
        report(`partition ${partition}: too many chats to hold at once, going through it ${rounds} times`);
        continue;
      }
      sum.chats += done.chats;
      sum.degraded += done.incomplete.size;
      for (const chatId of done.incomplete) skipped.chats.add(chatId);
      if (round === 0) {
        sum.events += done.events;
        sum.ahead += done.ahead;
        skipped.events += done.skipped;
      }
      round += 1;
    }
    report(`partition ${partition} of ${log.partitions}: done, ${sum.events} events and ${sum.chats} chats so far`);
  }
  for (const chatId of await chatsOfNoEvent(client, skipped, maxNamed)) {
    const partition = partitionOf(chatId, log.partitions);
    tell({ partition, offset: null, chatId, version: null, what: "there are rows of a chat that has no events" });
  }
  return { ...sum, withoutAccount: await usersWithoutAccount(client) };
}

/** By the last digits of the id, which are random or a hash: not by what decides the partition. */
function shareOf(round: number, rounds: number): (chatId: string) => boolean {
  return (chatId) => rounds === 1 || Number.parseInt(chatId.slice(-8), 16) % rounds === round;
}

interface Round extends VerifyOptions {
  readonly maxHeld: number;
  readonly partition: number;
  readonly snapshot: Snapshot;
  /** What is not of one chat is told in the first round. */
  readonly isFirst: boolean;
  readonly isOurs: (chatId: string) => boolean;
}

interface RoundDone extends Omit<Verified, "degraded"> {
  readonly incomplete: ReadonlySet<string>;
  /** Events that an operator has skipped, by what the snapshot says. */
  readonly skipped: number;
}

async function verifyRound(round: Round): Promise<RoundDone | "too many"> {
  const { log, client, partition, snapshot, tell, isFirst } = round;
  const { position, skipped } = snapshot;
  const end = (await log.ends())[partition] ?? 0;
  const nowhere = { partition, chatId: null, version: null };
  if (end < position.offset) {
    const what = `the log ends here, and the read models hold events up to ${position.offset}`;
    tell({ ...nowhere, offset: end, what });
    return { events: 0, chats: 0, incomplete: new Set(), skipped: skipped.size, ahead: 0 };
  }
  const fold = createChatFold();
  const claims = createRowClaims();
  const rows = createRowReader(client, snapshot.schema);
  const skips = createSkippedEvents(rows, skipped);
  const read = await readUpTo(round, { fold, claims, rows, skips }).catch((error: unknown) => {
    if (!(error instanceof LogHalted)) throw error;
    tell({ ...nowhere, offset: error.offset, what: error.message });
    return null;
  });
  if (read === "too many") return read;
  if (read !== null && !sameEpoch(read.position.epoch, position.epoch)) {
    tell({ ...nowhere, offset: position.offset, what: "the read models were made under another epoch than the log's" });
  }
  // Where the log could not be read to its end, what would explain them may stand behind.
  for (const claim of read === null ? [] : claims.left()) {
    tell({ ...nowhere, offset: null, chatId: claim.chatId, what: unexplained(claim) });
  }
  for (const offset of read === null || !isFirst ? [] : skips.unmet()) {
    tell({ ...nowhere, offset, what: "an event is said to be skipped here, and none stands here" });
  }
  const incomplete = skips.incomplete();
  const chats = [...fold.chats().values()].filter(({ chatId }) => !incomplete.has(chatId));
  const faultOf = (chatId: string, version: number | null, what: string): void =>
    tell({ partition, offset: null, chatId, version, what });
  await compareChats(rows, chats, ({ chatId, version }, what) => faultOf(chatId, version, what));
  const degraded = new Map([...incomplete].map((chatId) => [chatId, fold.chats().get(chatId) ?? null]));
  await compareDegraded(rows, degraded, (chatId, what) => faultOf(chatId, null, what));
  for (const chat of chats) {
    // The last event's command may go on behind the position, with the very event that settles what was read.
    if (chat.lastOffset >= position.offset - 1) continue;
    for (const what of wrongWatermarks(chat)) faultOf(chat.chatId, chat.version, what);
  }
  return {
    events: read?.events ?? 0,
    chats: chats.length,
    incomplete,
    skipped: skipped.size,
    ahead: end - position.offset,
  };
}

function unexplained({ seq, version, of }: Claim): string {
  const what = of === "text" ? `was changed last in version ${version}` : `has a file of version ${version}`;
  return `message ${seq} ${what}, and no event of it explains that`;
}

/** What grows while the log is read, and where the rows come from. */
interface Progress {
  readonly fold: ChatFold;
  readonly claims: RowClaims;
  readonly rows: RowReader;
  readonly skips: SkippedEvents;
}

interface Read {
  readonly position: Position;
  readonly events: number;
}

async function readUpTo(round: Round, progress: Progress): Promise<Read | "too many"> {
  const { log, partition, snapshot, report, maxHeld } = round;
  const { fold, claims } = progress;
  const until = snapshot.position.offset;
  const over = new AbortController();
  let reached = startOfPartition;
  let events = 0;
  try {
    if (until === 0) return { position: reached, events };
    for await (const batch of readEvents(log, new Map([[partition, startOfPartition]]), over.signal)) {
      const ours = batch.events.filter(({ offset }) => offset < until);
      for (let first = 0; first < ours.length; first += eventsAtOnce) {
        await check(round, progress, ours.slice(first, first + eventsAtOnce));
      }
      const before = events;
      events += ours.length;
      if (Math.floor(before / progressEvery) < Math.floor(events / progressEvery)) {
        report(`partition ${partition}: ${events} events, at offset ${batch.next.offset} of ${until}`);
      }
      if (fold.held() + claims.held() > maxHeld && fold.chats().size > 1) return "too many";
      // What a batch holds behind the position may have begun another epoch.
      reached = batch.next.offset <= until ? batch.next : { offset: until, epoch: snapshot.position.epoch };
      if (batch.next.offset >= until) return { position: reached, events };
    }
    throw new Error("the log stopped in the middle");
  } finally {
    over.abort();
  }
}

async function check(round: Round, progress: Progress, events: readonly StoredEvent[]): Promise<void> {
  const { log, partition, tell, isOurs } = round;
  const { fold, claims, rows, skips } = progress;
  const skipped = await skips.find(events);
  const placed: PlacedRecord[] = [];
  const fault = ({ record, offset }: Pick<PlacedRecord, "record" | "offset">, what: string): void =>
    tell({ partition, offset, chatId: record.chatId, version: record.version, what });
  for (const { offset, key, value } of events) {
    if (!isOurs(key)) continue;
    if (skipped.has(offset)) {
      skips.passOver(key);
      continue;
    }
    const record = decoded(value, (what) => tell({ partition, offset, chatId: key, version: null, what }));
    if (record === null) continue;
    const beginsCommand = fold.beginsCommand(record);
    const isAfterSkipped = skips.isIncomplete(record.chatId);
    const faults = fold.apply(record, offset);
    // Behind a hole, what follows need not fit.
    if (!isAfterSkipped) for (const what of faults) fault({ record, offset }, what);
    if (record.chatId !== key || partitionOf(key, log.partitions) !== partition) {
      fault({ record, offset }, "the event stands in the partition of another chat");
    }
    placed.push({ record, offset, beginsCommand, isAfterSkipped });
  }
  if (placed.length > 0) await compareEvents(rows, claims, partition, placed, fault);
}

function decoded(value: string, tell: (what: string) => void): ChatEventRecord | null {
  try {
    return decodeEvent(value);
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error));
    return null;
  }
}
