import { type HttpConnection, httpRequest, openHttpConnection } from "../driver/http-connection.ts";
import { createSequence } from "../exactly-once.ts";
import { atMost, type Experiment, figure, type Line, type Sample } from "../experiment.ts";
import { percentile } from "../percentiles.ts";
import { startProgram } from "../processes.ts";
import type { Bench } from "../bench.ts";
import { openSelectPage } from "../floors/select-page.ts";
import { formatCount } from "../table.ts";

const PAGE = 100;
/** At the 99th percentile. What of it is HTTP the other floor shows; see docs/decisions/0029. */
const TIMES_SQL = 2;
/** One person who scrolls, and some at once. */
const ONE = 1;
const SOME = 4;
/** Every page's start is compared; of so many, one is gone through message by message. */
const LOOK_INTO_ONE_OF = 50;

/**
 * A page that ends anywhere in a long chat: each request has a depth of its own, so that hardly a page comes from memory.
 * There are two floors in the same database, asked by the same client in turn with ours: the SELECT alone, and koa that
 * sends what it finds (see `floors/select-page.ts` and `floors/select-per-request.ts`).
 */
export const historyDepths: Experiment = {
  name: "depth",
  open: openDepths,
  lines: (ours, floor, sizes) =>
    (["SQL", "koa"] as const).flatMap((beside) =>
      [ONE, SOME].flatMap((readers) =>
        (["p50", "p99"] as const).map((name) => line({ ours, floor, beside, readers, name, messages: sizes.history })),
      ),
    ),
};

interface Asked {
  readonly ours: Sample;
  readonly floor: Sample;
  readonly beside: "SQL" | "koa";
  readonly readers: number;
  readonly name: "p50" | "p99";
  readonly messages: number;
}

function line({ ours, floor, beside, readers, name, messages }: Asked): Line {
  const key = `${name}of${readers}`;
  const bare = figure(floor, `${beside} ${key}`);
  const isJudged = beside === "SQL" && name === "p99";
  return {
    work: `${PAGE} of ${formatCount(messages)} messages at any depth, ${readers === ONE ? "one reader" : `${readers} at once`}, ${name}, beside bare ${beside}`,
    unit: "ms",
    floor: bare,
    ours: figure(ours, key),
    required: atMost(isJudged ? TIMES_SQL * bare : Number.POSITIVE_INFINITY),
    ...(isJudged ? { note: "twice the bare SQL" } : {}),
  };
}

async function openDepths(bench: Bench) {
  const { faults, options } = bench;
  const { chatId, reader, last } = await bench.history();
  const databaseUrl = await bench.databaseUrl("chat");
  const koa = await startProgram("bench/src/floors/select-per-request.ts", {
    args: [databaseUrl],
    pinned: options.pinned,
  });

  async function bareSql(readers: number): Promise<Figures> {
    const selects = await Promise.all(Array.from({ length: readers }, () => openSelectPage(databaseUrl)));
    const figures = await measure(selects, async ({ page }, before) => {
      const rows = await page(chatId, before, PAGE);
      if (rows.length !== PAGE || rows.at(-1)?.seq !== before - PAGE)
        faults.add(`before ${before} there are ${rows.length} of ${PAGE} messages in the database`);
    });
    await Promise.all(selects.map(({ close }) => close()));
    return figures;
  }

  async function bareKoa(readers: number): Promise<Figures> {
    const connections = await openConnections(readers, Number(koa.readyLine));
    const figures = await measure(connections, async (connection, before) => {
      const { status, body } = await connection.send(httpRequest("GET", `/${chatId}/${before}/${PAGE}`, ""));
      const rows = JSON.parse(body.toString()) as readonly Message[];
      if (status !== 200 || rows.length !== PAGE || rows.at(-1)?.seq !== before - PAGE)
        faults.add(`before ${before} koa has ${rows.length} of ${PAGE} messages: ${status}`);
    });
    for (const connection of connections) connection.close();
    return figures;
  }

  async function overHttp(readers: number): Promise<Figures> {
    const connections = await openConnections(readers, bench.port());
    const looked: { before: number; messages: readonly Message[] }[] = [];
    let pages = 0;
    const figures = await measure(connections, async (connection, before) => {
      const path = `/api/chats/${chatId}/messages?before=${before}&limit=${PAGE}`;
      const { status, body } = await connection.send(httpRequest("GET", path, reader.token));
      if (status !== 200) {
        faults.add(`a page before ${before}: ${status} ${body.toString()}`);
        return;
      }
      const messages = JSON.parse(body.toString()) as readonly Message[];
      if (messages[0]?.seq !== before - PAGE)
        faults.add(`a page before ${before} starts with ${JSON.stringify(messages[0])}`);
      else if ((pages += 1) % LOOK_INTO_ONE_OF === 1) looked.push({ before, messages });
    });
    for (const connection of connections) connection.close();
    for (const { before, messages } of looked) checkPage(before, messages);
    return figures;
  }

  /** One page after the other over each connection: from the question until its messages are objects in the asker's hands. */
  async function measure<C>(connections: readonly C[], ask: (connection: C, before: number) => Promise<void>) {
    const tookMs: number[] = [];
    const stopAt = performance.now() + options.seconds * 1_000;
    await Promise.all(
      connections.map(async (connection) => {
        while (performance.now() < stopAt) {
          const before = PAGE + 1 + Math.floor(Math.random() * (last - PAGE + 1));
          const startedAt = performance.now();
          await ask(connection, before);
          tookMs.push(performance.now() - startedAt);
        }
      }),
    );
    return { p50: percentile(tookMs, 0.5), p99: percentile(tookMs, 0.99), pages: tookMs.length };
  }

  function checkPage(before: number, messages: readonly Message[]): void {
    const sequence = createSequence(`the page before ${before}`, before - PAGE, faults);
    for (const { seq } of messages) sequence.saw(seq);
    if (sequence.next() !== before) faults.add(`the page before ${before} ends at ${sequence.next() - 1}`);
  }

  return {
    warmUp: true,
    ours: () => sampleOf(overHttp),
    floor: async () => ({ ...named("SQL", await sampleOf(bareSql)), ...named("koa", await sampleOf(bareKoa)) }),
    close: () => koa.stop(),
  };
}

const openConnections = (readers: number, port: number): Promise<HttpConnection[]> =>
  Promise.all(Array.from({ length: readers }, () => openHttpConnection(port)));

const named = (name: string, sample: Sample): Sample =>
  Object.fromEntries(Object.entries(sample).map(([key, value]) => [`${name} ${key}`, value]));

interface Message {
  readonly seq: number;
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
