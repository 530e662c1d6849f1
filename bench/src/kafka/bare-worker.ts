import { parentPort, workerData } from "node:worker_threads";
import { openBareKafka } from "@chat/shared/testing/bare-kafka";
import { appendRate, type Load } from "./append-rate.ts";

/** kafkajs as it comes, in a thread of its own: what the log's adapter mends in it does not reach here. */
const { broker, partitions } = workerData as { broker: string; partitions: number };
const bare = await openBareKafka(broker, partitions);
parentPort?.on("message", (load: Load | null) => {
  void (load === null ? bare.close().then(() => parentPort?.close()) : measure(load));
});
parentPort?.postMessage("ready");

async function measure(load: Load): Promise<void> {
  parentPort?.postMessage(await appendRate(bare.send, load));
}
