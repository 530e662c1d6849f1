import type { Static, TObject } from "typebox";
import type { backendSettings } from "../backend.ts";
import type { EventLog } from "../log/event-log.ts";
import { kafkaConnection } from "../log/kafka/kafka-connection.ts";
import type { Logger } from "../telemetry/logger.ts";
import { createKafkaSignals } from "./kafka/kafka-signals.ts";
import { checkSignalsTopic } from "./kafka/signals-topic.ts";
import { createPostgresSignals } from "./postgres/postgres-signals.ts";
import type { SignalsService } from "./signals.ts";

interface Context {
  readonly log: Pick<EventLog, "id">;
  readonly logger: Logger;
}

/** Signals go where the log is: with brokers through Kafka, else through the database. Throws `CannotStart` when their topic is not as it should be. */
export async function connectSignals(
  name: string,
  settings: Static<TObject<typeof backendSettings>>,
  { log: { id: logId }, logger }: Context,
): Promise<SignalsService> {
  const kafka = kafkaConnection(settings);
  if (kafka === null) return createPostgresSignals({ url: settings.DATABASE_URL, log: logger });
  const common = { ...kafka, topic: settings.KAFKA_SIGNALS_TOPIC, clientId: name, log: logger };
  await checkSignalsTopic(common);
  return createKafkaSignals({ ...common, logId });
}
