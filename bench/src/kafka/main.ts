/** `npm run bench:kafka`: the log in Kafka against bare kafkajs on the same broker, in turn, with batches of the same size. */
import { once } from "node:events";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { startKafkaContainer } from "@chat/shared/testing/kafka-container";
import { withKafkaLog } from "@chat/shared/testing/with-kafka";
import { atLeast, isMet, type Line } from "../experiment.ts";
import { median } from "../percentiles.ts";
import { formatTable } from "../table.ts";
import { appendRate, leadAll, type Load } from "./append-rate.ts";

const partitions = 16;
const batches = [1, 50, 500];
/** What the rules of one writer, the epoch in each record and the gap check may cost. */
const requiredShare = 0.7;

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "3" }, seconds: { type: "string", default: "3" } },
});
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];

const kafka = await startKafkaContainer();
try {
  const bare = await startBare(kafka.broker);
  const lines = await withKafkaLog(
    async ({ open }) => {
      const append = await leadAll(await open());
      const measured: Line[] = [];
      for (const batch of batches) {
        const floor: number[] = [];
        const ours: number[] = [];
        // The first round warms up both and does not count.
        for (let round = 0; round <= rounds; round += 1) {
          const load = { partitions, batch, seconds: round === 0 ? 1 : seconds };
          const rates = [await bare.rate(load), await appendRate(append, load)] as const;
          if (round === 0) continue;
          floor.push(rates[0]);
          ours.push(rates[1]);
        }
        measured.push(lineOf(batch, median(floor), median(ours)));
      }
      return measured;
    },
    { broker: kafka.broker, partitions },
  );
  await bare.close();
  console.log(formatTable(lines, true));
  if (!lines.every(isMet)) process.exitCode = 1;
} finally {
  await kafka.stop();
}

async function startBare(broker: string) {
  const worker = new Worker(new URL("bare-worker.ts", import.meta.url), { workerData: { broker, partitions } });
  await once(worker, "message");
  return {
    async rate(load: Load): Promise<number> {
      worker.postMessage(load);
      const [rate] = (await once(worker, "message")) as [number];
      return rate;
    },
    async close() {
      worker.postMessage(null);
      await once(worker, "exit");
    },
  };
}

function lineOf(batch: number, floor: number, ours: number): Line {
  const work = `append to ${partitions} partitions, batches of ${batch}`;
  return { work, unit: "records/s", floor, ours, required: atLeast(requiredShare * floor), note: "70 % of the floor" };
}
