import type { Kafka, Producer } from "kafkajs";
import type { AppendAnswer, LogRecord } from "../event-log.ts";
import { toMessages } from "./record-messages.ts";
import { within } from "./within.ts";

/**
 * Requests under way at once, each on a connection of its own: a broker answers the requests of one connection one after
 * the other. Appends that find all of them busy wait and travel together.
 */
const maxRequests = 2;
/** One request carries at most this much, about: nobody should wait for the appends of all others. */
const maxRequestChars = 4 * 1024 * 1024;
/** How long the leader waits for its replicas. */
const acknowledgeWithinMs = 4_000;
const connectWithinMs = 5_000;
const disconnectWithinMs = 2_000;

type Records = readonly LogRecord[];

/** One append in flight per partition: the writer sees to it. */
export interface Appender {
  append(partition: number, records: Records): Promise<AppendAnswer>;
  close(): Promise<void>;
}

interface Waiting {
  readonly partition: number;
  readonly records: Records;
  readonly chars: number;
  readonly resolve: (answer: AppendAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Appends are sent once and never again: what was answered with anything but a base offset may be there, may come
 * later, or never, and only the writer's next Election tells (`partition-writer.ts`). So no retries, no idempotence
 * (kafkajs' loses acknowledged records), no transactions.
 *
 * Events of several partitions share a request while others are under way: at batches of one that is three times the
 * records a second. When it fails all of them are in doubt. Elections always travel alone, so that a partition that
 * fails again and again draws the others into doubt once and no more.
 */
export async function createAppender(kafka: Kafka, topic: string): Promise<Appender> {
  const elections = createProducer(kafka);
  const idle = Array.from({ length: maxRequests }, () => createProducer(kafka));
  const all = [elections, ...idle];
  await Promise.all(all.map((producer) => within(connectWithinMs, "connecting to Kafka", producer.connect())));
  let waiting: Waiting[] = [];
  let gathering = false;

  /** One turn of the event loop: appends that other partitions make now travel along. */
  function gather(): void {
    if (gathering) return;
    gathering = true;
    setImmediate(() => {
      gathering = false;
      while (waiting.length > 0) {
        const producer = idle.pop();
        if (producer === undefined) return;
        void send(producer, topic, take()).finally(() => {
          idle.push(producer);
          gather();
        });
      }
    });
  }

  function take(): Waiting[] {
    let chars = 0;
    const fitting = waiting.findIndex((append, index) => (chars += append.chars) > maxRequestChars && index > 0);
    const taken = fitting < 0 ? waiting : waiting.slice(0, fitting);
    waiting = waiting.slice(taken.length);
    return taken;
  }

  return {
    append(partition, records) {
      return new Promise((resolve, reject) => {
        const chars = records.reduce((sum, record) => sum + (record.kind === "event" ? record.value.length : 0), 0);
        const append = { partition, records, chars, resolve, reject };
        if (records[0]?.kind === "election") {
          void send(elections, topic, [append]);
          return;
        }
        waiting.push(append);
        gather();
      });
    },
    async close() {
      await Promise.allSettled(
        all.map((producer) => within(disconnectWithinMs, "disconnecting", producer.disconnect())),
      );
    },
  };
}

function createProducer(kafka: Kafka): Producer {
  return kafka.producer({
    retry: { retries: 0 },
    idempotent: false,
    allowAutoTopicCreation: false,
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  });
}

/** Settles every append, and never rejects itself. */
async function send(producer: Producer, topic: string, appends: readonly Waiting[]): Promise<void> {
  try {
    const messages = appends.flatMap(({ partition, records }) => toMessages(partition, records));
    const answers = await producer.send({ topic, messages, acks: -1, timeout: acknowledgeWithinMs });
    for (const { partition, resolve, reject } of appends) {
      const baseOffset = Number(answers.find((answer) => answer.partition === partition)?.baseOffset ?? -1);
      if (baseOffset >= 0) resolve({ status: "appended", baseOffset });
      else reject(new Error("Kafka acknowledged without saying where"));
    }
  } catch (error) {
    for (const { reject } of appends) reject(error);
  }
}
