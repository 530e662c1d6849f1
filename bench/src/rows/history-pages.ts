import { httpRequest, openHttpConnection } from "../driver/http-connection.ts";
import { createSequence } from "../exactly-once.ts";
import { type Experiment, figure, type Sample } from "../experiment.ts";
import type { Bench } from "../bench.ts";
import { formatCount } from "../table.ts";
import { atLeastThere, atMostThere, openYardstick, slownessOf, speedOf } from "./yardstick.ts";

const CONNECTIONS = 16;
const PAGE = 100;

export const historyPages: Experiment = {
  name: "history",
  open: openHistory,
  lines(ours, machine, sizes) {
    return [
      {
        work: `newest ${PAGE} of ${formatCount(sizes.history)} messages, read barrier included`,
        unit: "pages/s",
        floor: null,
        ours: figure(ours, "perSecond"),
        ...atLeastThere(2_000, speedOf(machine)),
      },
      {
        work: `newest ${PAGE} of ${formatCount(sizes.history)}: CPU of 1,000 pages`,
        unit: "CPU s",
        floor: null,
        ours: figure(ours, "cpuPer1000"),
        ...atMostThere(0.5, slownessOf(machine)),
      },
    ];
  },
};

async function openHistory(bench: Bench) {
  const { options, faults } = bench;
  const { chatId, reader, last } = await bench.history();
  const request = httpRequest("GET", `/api/chats/${chatId}/messages?limit=${PAGE}`, reader.token);
  const yardstick = await openYardstick(bench);

  async function ours(): Promise<Sample> {
    const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => openHttpConnection(bench.port())));
    const chat = bench.chat();
    const cpuBefore = chat.cpuSeconds();
    const startedAt = performance.now();
    const stopAt = startedAt + options.seconds * 1_000;
    let pages = 0;
    let first: Buffer | null = null;
    await Promise.all(
      connections.map(async (connection) => {
        while (performance.now() < stopAt) {
          const { status, body } = await connection.send(request);
          if (status !== 200) faults.add(`a page: ${status} ${body.toString()}`);
          // Nobody writes: all pages are one, byte by byte, and the first is looked into below.
          first ??= Buffer.from(body);
          if (!first.equals(body)) faults.add("a page differs from the first, and nobody has written");
          pages += 1;
        }
      }),
    );
    const seconds = (performance.now() - startedAt) / 1_000;
    const cpu = chat.cpuSeconds() - cpuBefore;
    for (const connection of connections) connection.close();
    checkPage(first ?? Buffer.from("[]"));
    return { perSecond: pages / seconds, cpuPer1000: (cpu / pages) * 1_000 };
  }

  function checkPage(page: Buffer): void {
    const sequence = createSequence("the newest page", last - PAGE + 1, faults);
    for (const { seq } of JSON.parse(page.toString()) as { seq: number }[]) sequence.saw(seq);
    if (sequence.next() !== last + 1) faults.add(`the newest page ends at ${sequence.next() - 1} of ${last}`);
  }

  return { warmUp: true, ours, floor: yardstick.floor, close: yardstick.close };
}
