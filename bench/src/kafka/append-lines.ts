import { withKafkaLog } from "@chat/shared/testing/with-kafka";
import { atLeast, type Line } from "../experiment.ts";
import { median } from "../percentiles.ts";
import { appendRate, leadAll } from "./append-rate.ts";
import type { BareThread } from "./bare-thread.ts";

export const partitions = 16;
const batches = [1, 50, 500];
/** What the rules of one writer, the epoch in each record and the gap check may cost. */
const requiredShare = 0.7;

interface Options {
  readonly broker: string;
  readonly bare: BareThread;
  readonly rounds: number;
  readonly seconds: number;
}

/** The log in Kafka against bare kafkajs on the same broker, in turn, with batches of the same size. */
export function appendLines({ broker, bare, rounds, seconds }: Options): Promise<readonly Line[]> {
  return withKafkaLog(
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
    { broker, partitions },
  );
}

function lineOf(batch: number, floor: number, ours: number): Line {
  const work = `append to ${partitions} partitions, batches of ${batch}`;
  return { work, unit: "records/s", floor, ours, required: atLeast(requiredShare * floor), note: "70 % of the floor" };
}
