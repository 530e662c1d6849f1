import { setTimeout as sleep } from "node:timers/promises";
import { readFrame, sendFrame } from "../driver/frames.ts";
import { readMetric, watchHighest } from "../driver/metrics-page.ts";
import { type DriverSocket, openSocket } from "../driver/web-socket.ts";
import { createSequence } from "../exactly-once.ts";
import { atMost, type Experiment, figure, type Sample } from "../experiment.ts";
import { percentile } from "../percentiles.ts";
import type { Bench } from "../bench.ts";
import { openAll } from "../open-bench.ts";
import { startProgram } from "../processes.ts";
import { readBack } from "../read-back.ts";

const MESSAGES_PER_SECOND = 2;
/** Each is told to everybody, so with 1,000 members it is so many thousand deliveries a second. */
const READS_PER_SECOND = 20;
/** What a person takes for at once. */
const AT_ONCE_MS = 100;
/** What may wait for one device before it is closed: `maxQueueBytes` of realtime. */
const QUEUE_CAP = 4 * 1024 * 1024;
const LOOK_EVERY_MS = 100;
const ARRIVES_WITHIN_MS = 60_000;

export const reads: Experiment = {
  name: "reads",
  open: openReads,
  lines: (ours, floor, sizes) => [
    {
      work: `${sizes.crowd} in one chat, all of whom read: p99 of a delivery`,
      unit: "ms",
      floor: figure(floor, "p99"),
      ours: figure(ours, "p99"),
      required: atMost(AT_ONCE_MS),
      note: `p50 ${figure(ours, "p50").toFixed(1)}, of the floor ${figure(floor, "p50").toFixed(1)}`,
    },
    {
      work: "the longest queue of one of them",
      unit: "bytes",
      floor: null,
      ours: figure(ours, "longestQueue"),
      required: atMost(QUEUE_CAP),
    },
  ],
};

async function openReads(bench: Bench) {
  const { options, faults } = bench;
  const people = bench.people.slice(0, options.sizes.crowd);
  const bare = await startProgram("bench/src/floors/bare-sockets.ts", { pinned: bench.options.pinned });
  const chatId = await bench.makeGroup(people);
  let nextSeq = 1;
  let bareRound = 0;

  /** One member writes steadily; of the others one after the other reads up to what came last, everybody once. */
  async function measure(sockets: readonly DriverSocket[], first: number): Promise<Sample> {
    const ticks = sockets.length - 1;
    const every = READS_PER_SECOND / MESSAGES_PER_SECOND;
    const messages = Math.ceil(ticks / every);
    const latencies: number[] = [];
    const sentAt: number[] = [];
    const complete = Promise.withResolvers<undefined>();
    const owed = { messages: messages * sockets.length, reads: ticks * sockets.length };
    let newest = first - 1;
    for (const [index, socket] of sockets.entries()) {
      const sequence = createSequence(`member ${index}`, first, faults);
      socket.onText = (buffer, start, end) => {
        const heard = readFrame(buffer, start, end);
        if (heard.kind === "refused") faults.add(`refused: ${heard.frame}`);
        if (heard.kind === "pushed") {
          sequence.saw(heard.seq);
          newest = Math.max(newest, heard.seq);
          latencies.push(performance.now() - (sentAt[heard.seq - first] ?? Number.NaN));
          owed.messages -= 1;
        } else if (buffer.toString("latin1", start, start + READ.length) === READ) {
          owed.reads -= 1;
        }
        if (owed.messages + owed.reads === 0) complete.resolve(undefined);
      };
    }
    const startedAt = performance.now();
    for (let tick = 0; tick < ticks; tick += 1) {
      const wait = startedAt + (tick * 1_000) / READS_PER_SECOND - performance.now();
      if (wait > 0) await sleep(wait);
      if (tick % every === 0) {
        sentAt.push(performance.now());
        sockets[0]?.send(sendFrame(chatId, sentAt.length, null));
      }
      // The first ones wait until there is something to read.
      while (newest < first) await sleep(1);
      sockets[tick + 1]?.send(`{"type":"read","id":"${tick}","chat_id":"${chatId}","up_to":${newest}}`);
    }
    const timer = setTimeout(() => {
      faults.add(`lost: ${owed.messages} deliveries of messages and ${owed.reads} of reads have not come`);
      complete.resolve(undefined);
    }, ARRIVES_WITHIN_MS);
    await complete.promise;
    clearTimeout(timer);
    for (const socket of sockets) socket.close();
    return { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99), messages };
  }

  return {
    maxRounds: 1,
    async ours(): Promise<Sample> {
      const sockets = await bench.openSockets(people);
      const queue = watchHighest(
        async () => (await readMetric(bench.port(), "realtime_longest_queue_bytes")) ?? Number.NaN,
        LOOK_EVERY_MS,
      );
      const sample = await measure(sockets, nextSeq);
      const longestQueue = await queue.stop();
      const first = nextSeq;
      nextSeq += figure(sample, "messages");
      const [reader] = people;
      if (reader !== undefined) await readBack(bench, [{ chatId, reader, first, last: nextSeq - 1 }]);
      return { ...sample, longestQueue };
    },
    async floor(): Promise<Sample> {
      bareRound += 1;
      const sockets = await openAll(people, () =>
        openSocket(Number(bare.readyLine), `/${bareRound}`, (why) => faults.add(`floor: ${why}`)),
      );
      return measure(sockets, 1);
    },
    close: () => bare.stop(),
  };
}

const READ = '{"type":"read"';
