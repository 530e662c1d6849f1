import { randomUUID } from "node:crypto";
import { openSocket } from "../driver/web-socket.ts";
import { readFrame } from "../driver/frames.ts";
import { createSequence } from "../exactly-once.ts";
import { atMost, type Experiment, figure, type Sample } from "../experiment.ts";
import { median } from "../percentiles.ts";
import type { Bench } from "../bench.ts";
import { startProgram } from "../processes.ts";
import { writeMessages } from "../write-messages.ts";

/** Where it was measured for others (bare `ws` 30 ms, Centrifugo 32–42, Tinode 80). */
const AT_MOST_MS = 60;
/** Half as quick as one SELECT of the same rows, and `ws`. */
const TIMES_FLOOR = 2;
/** Each measurement is the median of so many returns. */
const RETURNS = 9;
/** Returns before it: the program has just been started. */
const WARMING = 15;
const HEARD_WITHIN_MS = 60_000;

type From = "memory" | "journal";

const missedFrom = (from: From): Experiment => ({
  name: `missed-${from}`,
  open: (bench) => openMissed(bench, from),
  lines: (ours, floor, sizes) => [
    {
      work: `catching up with ${sizes.missed} missed messages, from ${from}`,
      unit: "ms",
      floor: figure(floor, "ms"),
      ours: figure(ours, "ms"),
      required: atMost(TIMES_FLOOR * figure(floor, "ms")),
      unscaled: AT_MOST_MS,
      note: "half as quick as the floor",
    },
  ],
});

export const missedFromMemory = missedFrom("memory");
export const missedFromJournal = missedFrom("journal");

/** A device that was away while a chat went on, and comes back again and again with the cursor of then. */
async function openMissed(bench: Bench, from: From) {
  const { faults, options } = bench;
  const [writer, away] = bench.people;
  if (writer === undefined || away === undefined) throw new Error("two people are needed");
  const chatId = await bench.makeGroup([writer, away]);
  await bench.settled(chatId, away);
  const ended = (why: string): void => faults.add(`a socket ended: ${why}`);
  const device = `/ws?token=${away.token}&device=${randomUUID()}`;
  const first = await openSocket(bench.port(), device, ended);
  const { cursor } = JSON.parse(first.greeting) as { cursor: string };
  first.drop();
  const { missed } = options.sizes;
  await writeMessages(bench, chatId, writer, missed);
  await bench.settled(chatId, away);
  // Without them, which come a minute late, the floor's plan may be one for a chat of a few messages: seconds instead of milliseconds.
  await bench.db().query("ANALYZE");
  // What is in memory then are the events that come.
  if (from === "journal") await bench.restart();
  const bare = await startProgram("bench/src/floors/select-and-send.ts", {
    args: [await bench.databaseUrl("chat")],
    pinned: bench.options.pinned,
  });

  /** From the first byte of the handshake to the last message. */
  async function heard(port: number, path: string): Promise<number> {
    const startedAt = performance.now();
    const sequence = createSequence("the one who was away", 1, faults);
    const complete = Promise.withResolvers<number>();
    const timer = setTimeout(() => {
      faults.add(`lost: it has not heard what comes behind ${sequence.next() - 1} of ${missed}`);
      complete.resolve(Number.NaN);
    }, HEARD_WITHIN_MS);
    const socket = await openSocket(port, path, ended, (buffer, start, end) => {
      const frame = readFrame(buffer, start, end);
      if (frame.kind !== "pushed") return;
      sequence.saw(frame.seq);
      if (frame.seq === missed) complete.resolve(performance.now() - startedAt);
    });
    const ms = await complete.promise;
    clearTimeout(timer);
    socket.drop();
    return ms;
  }

  let warm = false;
  async function sample(port: () => number, path: string): Promise<Sample> {
    if (!warm && !options.smoke) for (let time = 0; time < WARMING; time += 1) await heard(port(), path);
    const all: number[] = [];
    for (let time = 0; time < RETURNS; time += 1) all.push(await heard(port(), path));
    return { ms: median(all), best: Math.min(...all) };
  }

  return {
    warmUp: true,
    async ours() {
      const result = await sample(bench.port, `${device}&cursor=${cursor}`);
      warm = true;
      return result;
    },
    floor: () => sample(() => Number(bare.readyLine), `/${chatId}`),
    close: () => bare.stop(),
  };
}
