import { setTimeout as sleep } from "node:timers/promises";
import type { Admin as KafkaAdmin } from "kafkajs";
import { LogHalted } from "../event-log.ts";
import { within } from "./within.ts";

const patience = {
  /** One answer; p50 is 2 ms, so this is a broker that hangs or is gone. */
  answerWithinMs: 2_000,
  /**
   * A broker that has just been started takes connections before it answers quickly. Askers do not wait for so long, but
   * who asks again finds the same attempt going on: begun anew each time, it would never come to its end.
   */
  connectWithinMs: 15_000,
};
/** How often one question is asked before the asker is told that there is no answer: leaders move within a second or so. */
const maxAttempts = 4;
const pauseMs = 100;
/**
 * How often an answer that lies below what was seen before is asked for again, on new connections, until it is
 * believed: a broker that was leader and does not know yet that it is not any more answers with an old end.
 */
const maxDoubts = 3;
const doubtPauseMs = 500;

/** What a partition holds: `first` is the oldest record that is left, `end` the next one to come. */
export interface Range {
  readonly first: number;
  readonly end: number;
}

/** Where the partitions begin and end, asked of their leaders. */
export interface Offsets {
  /** By partition. Every append that was answered before this call is counted. Rejects when no leader answers. */
  ranges(): Promise<readonly Range[]>;
  /** It was seen that the partition reaches at least up to `end`: a lower answer is doubted. */
  saw(partition: number, end: number): void;
  /** Throws `LogHalted` unless all these offsets are there or come next; says whether there is more behind one of them. */
  check(offsets: Iterable<readonly [number, number]>): Promise<boolean>;
  close(): Promise<void>;
}

type Admin = Pick<KafkaAdmin, "connect" | "disconnect" | "fetchTopicOffsets">;

/** What is needed of kafkajs. */
export interface OffsetsAsker {
  admin(options: { readonly retry: { readonly retries: number } }): Admin;
}

export function createOffsets(
  kafka: OffsetsAsker,
  topic: string,
  { answerWithinMs, connectWithinMs } = patience,
): Offsets {
  let admin: Promise<Admin> | null = null;
  let running: Promise<readonly Range[]> | null = null;
  let following: Promise<readonly Range[]> | null = null;
  const seen: number[] = [];

  async function connect(): Promise<Admin> {
    const connecting = kafka.admin({ retry: { retries: 0 } });
    try {
      await within(connectWithinMs, "connecting to Kafka", connecting.connect());
      return connecting;
    } catch (error) {
      await disconnect(connecting);
      throw error;
    }
  }

  async function disconnect(client: Admin): Promise<void> {
    await within(answerWithinMs, "disconnecting", client.disconnect()).catch(() => undefined);
  }

  /** The connection that there is, or that is being made. */
  function connected(): Promise<Admin> {
    if (admin !== null) return admin;
    const connecting = connect();
    admin = connecting;
    connecting.catch(() => {
      if (admin === connecting) admin = null;
    });
    return connecting;
  }

  /** kafkajs keeps asking a broker that has lost a partition; only a new client asks anew who leads it. */
  async function forgetAdmin(): Promise<void> {
    const old = admin;
    admin = null;
    if (old === null) return;
    // One that is still being made is closed when it is there; nobody waits for that.
    await within(answerWithinMs, "disconnecting", old.then(disconnect)).catch(() => undefined);
  }

  async function askOnce(): Promise<readonly Range[]> {
    const client = await within(answerWithinMs, "connecting to Kafka", connected());
    const answers = await askOf(client);
    const ranges: Range[] = [];
    for (const { partition, low, high } of answers) ranges[partition] = { first: Number(low), end: Number(high) };
    return ranges;
  }

  async function askOf(client: Admin): ReturnType<Admin["fetchTopicOffsets"]> {
    try {
      return await within(answerWithinMs, "asking for offsets", client.fetchTopicOffsets(topic));
    } catch (error) {
      await forgetAdmin();
      throw error;
    }
  }

  async function ask(): Promise<readonly Range[]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await askOnce();
      } catch (error) {
        if (attempt === maxAttempts) throw error;
        await sleep(pauseMs);
      }
    }
  }

  /** What is appended while an answer is on its way is no reason to doubt it: only what was seen before the question is. */
  async function askUntilBelievable(): Promise<readonly Range[]> {
    for (let doubts = 0; ; doubts += 1) {
      const before = [...seen];
      const ranges = await ask();
      if (doubts === maxDoubts || !before.some((end, partition) => (ranges[partition]?.end ?? 0) < end)) {
        ranges.forEach(({ end }, partition) => {
          if (seen[partition] === before[partition]) seen[partition] = end;
        });
        return ranges;
      }
      await forgetAdmin();
      await sleep(doubtPauseMs);
    }
  }

  /** Askers share a request, but only one that was begun after they asked. */
  function ranges(): Promise<readonly Range[]> {
    if (running === null) {
      running = askUntilBelievable().finally(() => (running = null));
      return running;
    }
    following ??= running
      .catch(() => undefined)
      .then(() => {
        following = null;
        return ranges();
      });
    return following;
  }

  function saw(partition: number, end: number): void {
    seen[partition] = Math.max(end, seen[partition] ?? 0);
  }

  return {
    ranges,
    saw,
    async check(offsets) {
      const wanted = [...offsets];
      for (const [partition, offset] of wanted) saw(partition, offset);
      const found = await ranges();
      for (const [partition, offset] of wanted) refuseOutside(partition, offset, found[partition]);
      return wanted.some(([partition, offset]) => offset < (found[partition]?.end ?? 0));
    },
    close: forgetAdmin,
  };
}

function refuseOutside(partition: number, offset: number, range: Range | undefined): void {
  if (range === undefined) throw new LogHalted(partition, offset, "there is no such partition");
  const { first, end } = range;
  if (offset < first) {
    throw new LogHalted(partition, offset, `the log begins at ${first}: what was to be read has been deleted`);
  }
  if (offset > end) {
    throw new LogHalted(partition, offset, `the log ends at ${end}: it was cut, or the topic was made anew`);
  }
}
