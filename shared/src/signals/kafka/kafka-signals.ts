import { randomUUID } from "node:crypto";
import type { Consumer } from "kafkajs";
import { createKafkaClient, type KafkaConnection } from "../../log/kafka/kafka-client.ts";
import { within } from "../../log/kafka/within.ts";
import type { Logger } from "../../telemetry/logger.ts";
import { createHearers } from "../hearers.ts";
import { createSignalQueue } from "../signal-queue.ts";
import type { SignalsService } from "../signals.ts";

/** One message of lines; far below what a broker takes. */
const maxMessageBytes = 64 * 1024;
const requestTimeoutMs = 2_000;
const connectWithinMs = 3_000;
const stopWithinMs = 2_000;
/** After the broker was lost. */
const againMs = 500;
/** How long a broker holds a fetch while nothing comes; what comes is answered at once. */
const maxFetchWaitMs = 500;

interface Options extends KafkaConnection {
  readonly topic: string;
  /** Of the log: signals of another one on the same topic are not for us. */
  readonly logId: string;
  readonly clientId: string;
  readonly log: Logger;
}

/**
 * Signals through a topic of Kafka that forgets. Connections, producer and consumer are its own, so the log never waits
 * for it. It reads from the end on and commits nothing: after every join it begins at the end anew, and what came in
 * between is lost, as it should be.
 */
export function createKafkaSignals({ topic, logId, ...options }: Options): SignalsService {
  const { clientId, log } = options;
  const kafka = createKafkaClient({ ...options, requestTimeoutMs });
  const hearers = createHearers();
  const producer = kafka.producer({ retry: { retries: 0 }, idempotent: false, allowAutoTopicCreation: false });
  const queue = createSignalQueue({ send, maxMessageBytes });
  const stopping = new AbortController();
  /** Another one each time: in the old one the broker would first wait for a member that is gone. */
  let groupId = "";
  let connected = false;
  let listening: Promise<void> | undefined;

  async function send(message: string): Promise<void> {
    if (!connected) await producer.connect();
    connected = true;
    await producer.send({ topic, acks: 1, messages: [{ partition: 0, key: logId, value: message }] });
  }

  async function listen(): Promise<void> {
    while (!stopping.signal.aborted) {
      const ended = Promise.withResolvers<Error | null>();
      const stop = (): void => ended.resolve(null);
      stopping.signal.addEventListener("abort", stop);
      const consumer = createConsumer((error) => ended.resolve(error));
      try {
        await within(connectWithinMs, "connecting to Kafka", consumer.connect());
        await consumer.subscribe({ topic, fromBeginning: false });
        await consumer.run({ autoCommit: false, eachMessage: hearMessage });
        const error = await ended.promise;
        if (error !== null) throw error;
      } catch (error) {
        log.warn({ err: error }, "signals cannot be heard; tried again");
      } finally {
        stopping.signal.removeEventListener("abort", stop);
        await within(stopWithinMs, "stopping a reader", consumer.disconnect()).catch(() => undefined);
      }
      await new Promise((resolve) => setTimeout(resolve, stopping.signal.aborted ? 0 : againMs));
    }
  }

  function createConsumer(crashed: (error: Error) => void): Consumer {
    groupId = `${clientId}-signals-${randomUUID()}`;
    const consumer = kafka.consumer({
      groupId,
      allowAutoTopicCreation: false,
      maxWaitTimeInMs: maxFetchWaitMs,
      // Begun anew here: two layers that try again know nothing of each other.
      retry: { restartOnFailure: () => Promise.resolve(false) },
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => crashed(payload.error));
    return consumer;
  }

  function hearMessage({ message }: { message: { key: Buffer | null; value: Buffer | null } }): Promise<void> {
    if (message.key?.toString() === logId) hearers.tellLines(message.value?.toString() ?? "");
    return Promise.resolve();
  }

  async function deleteGroup(): Promise<void> {
    const admin = kafka.admin({ retry: { retries: 0 } });
    await admin.connect();
    await admin.deleteGroups([groupId]).finally(() => admin.disconnect());
  }

  return {
    name: "signals",
    publish: queue.push,
    subscribe(hear) {
      const end = hearers.add(hear);
      listening ??= listen();
      return end;
    },
    lost: queue.lost,
    start: () => Promise.resolve(),
    async stop() {
      stopping.abort();
      await queue.stop();
      await within(stopWithinMs, "disconnecting", producer.disconnect()).catch(() => undefined);
      if (listening === undefined) return;
      await listening;
      // The broker forgets a group without members in time; a list of what is in use should be one.
      await within(stopWithinMs, "deleting a group", deleteGroup()).catch(() => undefined);
    },
  };
}
