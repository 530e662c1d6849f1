import { LogHalted, type EventLog, type StoredRecord } from "./event-log.ts";
import { confirmWitness, witnesses } from "./fence.ts";
import { admit, type EventBatch } from "./fenced-reader.ts";
import { sameEpoch, type Epoch, type Position } from "./position.ts";

/** What a writer appends: an encoded event and the chat that it belongs to. */
export interface NewEvent {
  readonly key: string;
  readonly value: string;
}

/** Where a settled batch stands: its first event at `baseOffset`, the others right behind it. */
export interface Settled {
  readonly baseOffset: number;
  /** Behind the batch: what the writer expects to append at next. */
  readonly next: Position;
}

/**
 * The right to decide for a partition, for as long as nobody else is elected.
 *
 * One call at a time. After `Fenced` or `OutcomeUnknown` it is over: every further call throws `Fenced`, and only a
 * new Election tells what has happened (see `leadPartition`).
 */
export interface Leadership {
  readonly epoch: Epoch;
  /** Behind the last record that is known. */
  position(): Position;
  /** Durable and in this place for ever once it resolves. Throws `Fenced`, `OutcomeUnknown` or `LogHalted`. */
  append(events: readonly NewEvent[]): Promise<Settled>;
  /**
   * Proves that nobody was elected before this call, without writing: what was decided from our state until now was
   * decided from the newest state. Throws as `append` does.
   */
  confirm(): Promise<void>;
}

/** Another writer reigns: what was to be appended is void and was never read by anybody. */
export class Fenced extends Error {
  override readonly name = "Fenced";
}

/** The records may be in the log, may come later, or never. Elect again and read up to the new Election to know. */
export class OutcomeUnknown extends Error {
  override readonly name = "OutcomeUnknown";
}

interface Candidate {
  readonly log: EventLog;
  readonly partition: number;
  /** Names the instance, for people who read the log. */
  readonly writer: string;
  /** Random: tells this Election from any other, our own earlier ones and those of a log that was cut too. */
  readonly electionId: string;
}

/**
 * Becomes the partition's only writer: appends an Election, then reads everything from `from` up to it and hands the
 * events to `learn`. Only then may it decide anything. Throws `OutcomeUnknown` when the append or the reading fails
 * (elect again, with another id), `LogHalted` when what was known at `from` is no longer there.
 */
export async function leadPartition(
  candidate: Candidate,
  from: Position,
  learn: (batch: EventBatch) => void,
): Promise<Leadership> {
  const { log, partition, writer, electionId } = candidate;
  const answer = await unknownIfRejected(
    log.append(partition, [{ kind: "election", logId: log.id, writer, id: electionId }]),
  );
  if (answer.status === "fenced") throw new OutcomeUnknown("the log refused an Election");
  const { baseOffset } = answer;
  if (baseOffset < from.offset) {
    throw new LogHalted(partition, baseOffset, `the log was cut: it was known up to ${String(from.offset)}`);
  }
  for (const offset of witnesses(from)) confirmWitness(partition, from, await readOne(log, partition, offset));
  const { position, electionId: last } = await readUpTo(log, partition, from, baseOffset + 1, learn);
  const { epoch } = position;
  if (epoch?.offset !== baseOffset || last !== electionId) {
    throw new LogHalted(partition, baseOffset, "another record stands where our Election was acknowledged");
  }
  return createLeadership(log, partition, epoch, position);
}

function createLeadership(log: EventLog, partition: number, epoch: Epoch, start: Position): Leadership {
  let position = start;
  let over = false;
  let busy = false;

  async function exclusively<T>(work: () => Promise<T>): Promise<T> {
    if (over) throw new Fenced("this leadership is over");
    if (busy) throw new Error("one append in flight per partition");
    busy = true;
    try {
      return await work();
    } catch (error) {
      over = true;
      throw error;
    } finally {
      busy = false;
    }
  }

  /** Everything between what we know and `end` must be records of writers that had lost: then nothing came between. */
  async function settleGap(end: number): Promise<void> {
    if (end < position.offset) {
      throw new LogHalted(partition, end, `the log was cut: it was known up to ${String(position.offset)}`);
    }
    if (end === position.offset) return;
    let foreign = false;
    const { position: after } = await readUpTo(log, partition, position, end, (batch) => {
      if (batch.events.length > 0) foreign = true;
    });
    if (!sameEpoch(after.epoch, epoch)) throw new Fenced("another Election stands before our append");
    if (foreign) throw new OutcomeUnknown("records of our own epoch stand where we had not known any");
    position = after;
  }

  return {
    epoch,
    position: () => position,
    append: (events) =>
      exclusively(async () => {
        const records = events.map((event) => ({ kind: "event" as const, epoch, key: event.key, value: event.value }));
        const answer = await unknownIfRejected(log.append(partition, records));
        if (answer.status === "fenced") throw new Fenced("the log says that another epoch reigns");
        await settleGap(answer.baseOffset);
        position = { offset: answer.baseOffset + records.length, epoch };
        return { baseOffset: answer.baseOffset, next: position };
      }),
    confirm: () =>
      exclusively(async () => {
        const end = (await unknownIfRejected(log.ends()))[partition];
        if (end === undefined)
          throw new LogHalted(partition, position.offset, "the log has fewer partitions than it had");
        await settleGap(end);
      }),
  };
}

interface ReadUpTo {
  readonly position: Position;
  /** Of the last Election that was read; null when there was none. */
  readonly electionId: string | null;
}

/** Reads through the fence from `from` to just before `end`, and no further. */
async function readUpTo(
  log: EventLog,
  partition: number,
  from: Position,
  end: number,
  learn: (batch: EventBatch) => void,
): Promise<ReadUpTo> {
  let position = from;
  let electionId: string | null = null;
  const stop = new AbortController();
  try {
    for await (const batch of log.read(new Map([[partition, from.offset]]), stop.signal)) {
      const records = batch.records.filter((record) => record.offset < end);
      for (const record of records) if (record.kind === "election") electionId = record.id;
      const admitted = admit(log, position, { partition, records, next: Math.min(batch.next, end) });
      learn(admitted);
      position = admitted.next;
      if (position.offset >= end) return { position, electionId };
    }
  } catch (error) {
    if (error instanceof LogHalted) throw error;
    throw new OutcomeUnknown("the log could not be read", { cause: error });
  } finally {
    stop.abort();
  }
  throw new OutcomeUnknown("the log stopped before it was read");
}

/** A record that is there: it lies below one that was acknowledged. */
async function readOne(log: EventLog, partition: number, offset: number): Promise<StoredRecord> {
  const stop = new AbortController();
  try {
    for await (const { records } of log.read(new Map([[partition, offset]]), stop.signal)) {
      const [record] = records;
      if (record !== undefined) return record;
    }
  } catch (error) {
    if (error instanceof LogHalted) throw error;
    throw new OutcomeUnknown("the log could not be read", { cause: error });
  } finally {
    stop.abort();
  }
  throw new OutcomeUnknown("the log stopped before it was read");
}

async function unknownIfRejected<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof LogHalted) throw error;
    throw new OutcomeUnknown("the log gave no answer to be trusted", { cause: error });
  }
}
