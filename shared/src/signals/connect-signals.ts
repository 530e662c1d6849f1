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

type Settings = Static<TObject<typeof backendSettings>>;

/** Throws `CannotStart` when their topic is not as it should be. */
export async function checkSignals(name: string, settings: Settings, logger: Logger): Promise<void> {
  const kafka = kafkaConnection(settings);
  if (kafka === null) return;
  await checkSignalsTopic({ ...kafka, topic: settings.KAFKA_SIGNALS_TOPIC, clientId: name, log: logger });
}

/** Signals go where the log is: with brokers through Kafka, else through the database. To be checked before. */
export function connectSignals(
  name: string,
  settings: Settings,
  { log: { id: logId }, logger }: Context,
): SignalsService {
  const kafka = kafkaConnection(settings);
  if (kafka === null) return createPostgresSignals({ url: settings.DATABASE_URL, log: logger });
  return createKafkaSignals({ ...kafka, topic: settings.KAFKA_SIGNALS_TOPIC, clientId: name, log: logger, logId });
}
