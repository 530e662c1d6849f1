import { parentPort, workerData } from "node:worker_threads";
import { openBareKafka } from "@chat/shared/testing/bare-kafka";
import { median } from "../percentiles.ts";
import { appendRate, type Load } from "./append-rate.ts";

/** kafkajs as it comes, in a thread of its own: what the log's adapter mends in it does not reach here. */
const { broker, partitions } = workerData as { broker: string; partitions: number };
const bare = await openBareKafka(broker, partitions);
parentPort?.on("message", (order: Load | { readonly latencies: number } | null) => {
  void (order === null ? bare.close().then(() => parentPort?.close()) : measure(order));
});
parentPort?.postMessage("ready");

async function measure(order: Load | { readonly latencies: number }): Promise<void> {
  const found =
    "latencies" in order ? median(await bare.latencies(order.latencies)) : await appendRate(bare.send, order);
  parentPort?.postMessage(found);
}
