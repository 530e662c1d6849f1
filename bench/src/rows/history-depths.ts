import { httpRequest, openHttpConnection } from "../driver/http-connection.ts";
import { createSequence } from "../exactly-once.ts";
import { atMost, type Experiment, figure, type Line, type Sample } from "../experiment.ts";
import { percentile } from "../percentiles.ts";
import { startProgram } from "../processes.ts";
import type { Bench } from "../bench.ts";
import { formatCount } from "../table.ts";

const PAGE = 100;
/** At the 99th percentile: beside the SQL there are HTTP, the caller's rights, the wait for what was written, who has read, and JSON. */
const TIMES_FLOOR = 2;
/** One person who scrolls, and some at once. */
const ONE = 1;
const SOME = 4;
/** Every page's start is compared; of so many, one is gone through message by message. */
const LOOK_INTO_ONE_OF = 50;

/**
 * A page that ends anywhere in a long chat: each request has a depth of its own, so that hardly a page comes from memory.
 * The floor is the SELECT alone, in the same database and in turn with ours (see `floors/select-page.ts`).
 */
export const historyDepths: Experiment = {
  name: "depth",
  open: openDepths,
  lines: (ours, floor, sizes) =>
    [ONE, SOME].flatMap((readers) =>
      (["p50", "p99"] as const).map((name) => line({ ours, floor, readers, name, messages: sizes.history })),
    ),
};

interface Asked {
  readonly ours: Sample;
  readonly floor: Sample;
  readonly readers: number;
  readonly name: "p50" | "p99";
  readonly messages: number;
}

function line({ ours, floor, readers, name, messages }: Asked): Line {
  const key = `${name}of${readers}`;
  return {
    work: `${PAGE} of ${formatCount(messages)} messages at any depth, ${readers === ONE ? "one reader" : `${readers} at once`}, ${name}`,
    unit: "ms",
    floor: figure(floor, key),
    ours: figure(ours, key),
    required: atMost(name === "p99" ? TIMES_FLOOR * figure(floor, key) : Number.POSITIVE_INFINITY),
    ...(name === "p99" ? { note: "twice the bare SQL" } : {}),
  };
}

async function openDepths(bench: Bench) {
  const { faults, options } = bench;
  const { chatId, reader, last } = await bench.history();
  const bare = await startProgram("bench/src/floors/select-page.ts", {
    args: [await bench.databaseUrl("chat")],
    pinned: bench.options.pinned,
  });

  async function bareSql(connections: number): Promise<Figures> {
    const asked = `seconds=${options.seconds}&connections=${connections}&last=${last}&limit=${PAGE}`;
    const answer = await fetch(`http://127.0.0.1:${bare.readyLine}/${chatId}?${asked}`);
    return (await answer.json()) as Figures;
  }

  async function overHttp(readers: number): Promise<Figures> {
    const connections = await Promise.all(Array.from({ length: readers }, () => openHttpConnection(bench.port())));
    const looked: { before: number; body: Buffer }[] = [];
    const tookMs: number[] = [];
    const stopAt = performance.now() + options.seconds * 1_000;
    await Promise.all(
      connections.map(async (connection) => {
        while (performance.now() < stopAt) {
          const before = PAGE + 1 + Math.floor(Math.random() * (last - PAGE + 1));
          const path = `/api/chats/${chatId}/messages?before=${before}&limit=${PAGE}`;
          const request = httpRequest("GET", path, reader.token);
          const startedAt = performance.now();
          const { status, body } = await connection.send(request);
          tookMs.push(performance.now() - startedAt);
          const start = `[{"id":"${chatId}.${before - PAGE}"`;
          if (status !== 200) faults.add(`a page before ${before}: ${status} ${body.toString()}`);
          else if (body.toString("latin1", 0, start.length) !== start)
            faults.add(`a page before ${before} starts with ${body.toString("utf8", 0, start.length)}`);
          else if (tookMs.length % LOOK_INTO_ONE_OF === 1) looked.push({ before, body: Buffer.from(body) });
        }
      }),
    );
    for (const connection of connections) connection.close();
    for (const { before, body } of looked) checkPage(before, body);
    return { p50: percentile(tookMs, 0.5), p99: percentile(tookMs, 0.99), pages: tookMs.length };
  }

  function checkPage(before: number, body: Buffer): void {
    const sequence = createSequence(`the page before ${before}`, before - PAGE, faults);
    for (const { seq } of JSON.parse(body.toString()) as { seq: number }[]) sequence.saw(seq);
    if (sequence.next() !== before) faults.add(`the page before ${before} ends at ${sequence.next() - 1}`);
  }

  return {
    warmUp: true,
    ours: () => sampleOf(overHttp),
    floor: () => sampleOf(bareSql),
    close: () => bare.stop(),
  };
}

/** Of some time: milliseconds, and how many pages there were. */
interface Figures {
  readonly p50: number;
  readonly p99: number;
  readonly pages: number;
}

async function sampleOf(measure: (readers: number) => Promise<Figures>): Promise<Sample> {
  const sample: Record<string, number> = {};
  for (const readers of [ONE, SOME])
    for (const [name, value] of Object.entries(await measure(readers))) sample[`${name}of${readers}`] = Number(value);
  return sample;
}
