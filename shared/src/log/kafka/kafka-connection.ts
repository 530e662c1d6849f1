import type { Static, TObject } from "typebox";
import type { logSettings } from "../../settings.ts";
import type { KafkaConnection } from "./kafka-client.ts";
import type { Durability } from "./topic-settings.ts";

/** Where the log is and what it must promise. */
export interface KafkaLogAddress extends KafkaConnection {
  readonly topic: string;
  readonly durability: Durability;
}

/** What the settings say of Kafka; null when they name no broker. */
export function kafkaConnection(settings: Static<TObject<typeof logSettings>>): KafkaLogAddress | null {
  const { KAFKA_BROKERS: brokers = [], KAFKA_USERNAME: username } = settings;
  if (brokers.length === 0) return null;
  const user = { mechanism: settings.KAFKA_SASL_MECHANISM, password: settings.KAFKA_PASSWORD };
  return {
    brokers,
    ssl: settings.KAFKA_SSL,
    ...(username === undefined ? {} : { sasl: { ...user, username } }),
    topic: settings.KAFKA_TOPIC,
    durability: settings.LOG_DURABILITY,
  };
}
