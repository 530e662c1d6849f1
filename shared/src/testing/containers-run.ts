import { freePort } from "./free-port.ts";
import { type KafkaContainer, startKafkaContainer } from "./kafka-container.ts";

/** Jest's global set-up and tear-down are loaded apart; the process is what they share. */
const running = process as NodeJS.Process & { specKafka?: KafkaContainer };

/** One broker for a whole run of specs; what they need to know of it reaches them through the environment. */
export async function beforeContainerSpecs(): Promise<void> {
  const detourPort = await freePort();
  const kafka = await startKafkaContainer({ detourPort });
  running.specKafka = kafka;
  process.env["SPEC_KAFKA_BROKER"] = kafka.broker;
  process.env["SPEC_KAFKA_DETOUR"] = JSON.stringify({ port: detourPort, target: kafka.detourTarget });
}

export async function afterContainerSpecs(): Promise<void> {
  await running.specKafka?.stop();
}
