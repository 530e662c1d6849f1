import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Load } from "./append-rate.ts";

/** kafkajs as it comes, in a thread of its own. */
export interface BareThread {
  /** Records a second. */
  rate(load: Load): Promise<number>;
  /** The median from a send to its coming back to a consumer, in milliseconds. */
  latency(messages: number): Promise<number>;
  close(): Promise<void>;
}

export async function startBareThread(broker: string, partitions: number): Promise<BareThread> {
  const worker = new Worker(new URL("bare-worker.ts", import.meta.url), { workerData: { broker, partitions } });
  await once(worker, "message");
  async function ask(order: object): Promise<number> {
    worker.postMessage(order);
    const [found] = (await once(worker, "message")) as [number];
    return found;
  }
  return {
    rate: ask,
    latency: (messages) => ask({ latencies: messages }),
    async close() {
      worker.postMessage(null);
      await once(worker, "exit");
    },
  };
}
