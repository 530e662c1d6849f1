import { setTimeout as sleep } from "node:timers/promises";
import { pssKibOf } from "../cpu-time.ts";
import { readFrame } from "../driver/frames.ts";
import { readMetric, watchHighest } from "../driver/metrics-page.ts";
import { createSequence } from "../exactly-once.ts";
import { atMost, type Experiment, figure, type Sample } from "../experiment.ts";
import { percentile } from "../percentiles.ts";
import type { Bench } from "../bench.ts";
import { readBack } from "../read-back.ts";

const PER_SECOND = 5;
/** The longest that is allowed: the kernel holds some megabytes for each socket, and ours begin to wait behind them. */
const TEXT = "x".repeat(16_000);
/** More bytes for each socket than kernel and queue take together. */
const MESSAGES = 400;
/** Where all read there is nothing to fill. */
const FLOOR_MESSAGES = 100;
const SMOKE_MESSAGES = 10;
const ARRIVES_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 250;
const KIB_PER_MIB = 1_024;
/** Frames are shared by those who wait for them, so hundreds of slow ones cost hardly more than a few. */
const AT_MOST_MIB = 256;
/** They are written to like all others until they are full. */
const TIMES_ALONE = 2;
/** What may wait for one device before it is closed: `maxQueueBytes` of realtime. */
const QUEUE_CAP_MIB = 4;

export const slowReaders: Experiment = {
  name: "slow-readers",
  open: openSlowReaders,
  lines: (ours, floor, sizes) => [
    {
      work: `p99 of a delivery beside ${sizes.stopped} sockets that stop reading`,
      unit: "ms",
      floor: figure(floor, "p99"),
      ours: figure(ours, "p99"),
      required: atMost(TIMES_ALONE * figure(floor, "p99")),
      note: "the floor: all of them read",
    },
    {
      work: "what the program grows by meanwhile (PSS)",
      unit: "MiB",
      floor: figure(floor, "mib"),
      ours: figure(ours, "mib"),
      required: atMost(AT_MOST_MIB),
      note: `${figure(ours, "closed")} were closed`,
    },
    {
      work: "the longest queue of one of them",
      unit: "MiB",
      floor: figure(floor, "queuedMib"),
      ours: figure(ours, "queuedMib"),
      required: atMost(QUEUE_CAP_MIB),
    },
  ],
};

async function openSlowReaders(bench: Bench) {
  const { options, faults } = bench;
  const { stopped, room: reading } = options.sizes;
  const people = bench.people.slice(0, stopped + reading);
  const chatId = await bench.makeGroup(people);
  let nextSeq = 1;

  async function measure(stops: boolean): Promise<Sample> {
    const readers = await bench.openSockets(people.slice(0, reading));
    const others = await bench.openSockets(people.slice(reading), (why) => {
      // Of those who do not read it is asked from the other end.
      if (!stops) faults.add(`a socket ended: ${why}`);
    });
    const full = stops ? MESSAGES : FLOOR_MESSAGES;
    const messages = options.smoke ? SMOKE_MESSAGES : full;
    const first = nextSeq;
    const latencies: number[] = [];
    const sentAt: number[] = [];
    const complete = Promise.withResolvers<undefined>();
    const owing = { deliveries: messages * readers.length };
    for (const [index, socket] of readers.entries()) {
      const sequence = createSequence(`reader ${index}`, first, faults);
      socket.onText = (buffer, start, end) => {
        const heard = readFrame(buffer, start, end);
        if (heard.kind === "refused") faults.add(`refused: ${heard.frame.slice(0, 200)}`);
        if (heard.kind !== "pushed") return;
        sequence.saw(heard.seq);
        latencies.push(performance.now() - (sentAt[heard.seq - first] ?? Number.NaN));
        owing.deliveries -= 1;
        if (owing.deliveries === 0) complete.resolve(undefined);
      };
    }
    if (stops) for (const socket of others) socket.stopReading();
    const before = pssKibOf(bench.chat().pid);
    const memory = watchHighest(async () => pssKibOf(bench.chat().pid), LOOK_EVERY_MS);
    const queue = watchHighest(async () => (await readMetric(bench.port(), QUEUE)) ?? Number.NaN, LOOK_EVERY_MS);
    const startedAt = performance.now();
    for (let n = 0; n < messages; n += 1) {
      const wait = startedAt + (n * 1_000) / PER_SECOND - performance.now();
      if (wait > 0) await sleep(wait);
      sentAt.push(performance.now());
      readers[0]?.send(`{"type":"send","id":"${n}","chat_id":"${chatId}","text":"${TEXT}"}`);
    }
    const timer = setTimeout(() => {
      faults.add(`lost: ${owing.deliveries} deliveries have not come`);
      complete.resolve(undefined);
    }, ARRIVES_WITHIN_MS);
    await complete.promise;
    clearTimeout(timer);
    nextSeq += messages;
    const mib = ((await memory.stop()) - before) / KIB_PER_MIB;
    const queued = (await queue.stop()) / KIB_PER_MIB / KIB_PER_MIB;
    const devices = (await readMetric(bench.port(), "realtime_devices")) ?? Number.NaN;
    const closed = people.length - devices;
    for (const socket of [...readers, ...others]) socket.drop();
    const [reader] = people;
    if (reader !== undefined) await readBack(bench, [{ chatId, reader, first, last: nextSeq - 1 }]);
    return { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99), mib, queuedMib: queued, closed };
  }

  return {
    maxRounds: 1,
    floor: () => measure(false),
    ours: () => measure(true),
    close: async () => undefined,
  };
}

const QUEUE = "realtime_longest_queue_bytes";
