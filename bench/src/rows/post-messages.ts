import { TEXT } from "../driver/frames.ts";
import { httpRequest, openHttpConnection, type HttpConnection } from "../driver/http-connection.ts";
import { checkDense, createSequence } from "../exactly-once.ts";
import { atLeast, figure, type Experiment, type Sample } from "../experiment.ts";
import { median } from "../percentiles.ts";
import type { Bench } from "../bench.ts";
import { startProgram, type Program } from "../processes.ts";

const CONNECTIONS = 32;

/** One line of the table: so many connections, each in a chat of its own or all in one. */
export const postToManyChats: Experiment = {
  name: "post",
  open: (bench) => openPosting(bench, "apart"),
  lines: (ours, floor) => [
    {
      work: "POST message, 32 connections over 32 chats",
      unit: "messages/s",
      floor: figure(floor, "perSecond"),
      ours: figure(ours, "perSecond"),
      required: atLeast(figure(floor, "perSecond")),
    },
    cpuLine("POST message, 32 chats: CPU of 1,000", ours, floor),
  ],
};

export const postToOneChat: Experiment = {
  name: "post-hot",
  open: (bench) => openPosting(bench, "hot"),
  lines: (ours, floor) => [
    {
      work: "POST message, 32 connections into one chat",
      unit: "messages/s",
      floor: figure(floor, "perSecond"),
      ours: figure(ours, "perSecond"),
      required: atLeast(2 * figure(floor, "perSecond")),
      note: "twice the floor",
    },
    cpuLine("POST message, one chat: CPU of 1,000", ours, floor),
  ],
};

/** Nothing is required of it beyond the table: it is there to be seen. */
function cpuLine(work: string, ours: Sample, floor: Sample) {
  return {
    work,
    unit: "CPU s",
    floor: figure(floor, "cpuPer1000"),
    ours: figure(ours, "cpuPer1000"),
    required: { at: "most", value: Number.POSITIVE_INFINITY } as const,
  };
}

async function openPosting(bench: Bench, kind: "apart" | "hot") {
  const { people, faults, options } = bench;
  const members = people.slice(0, CONNECTIONS);
  const groups = kind === "apart" ? members.map((member) => [member]) : [members];
  const chatIds = await Promise.all(groups.map((group) => bench.makeGroup(group)));
  const nextSeq = chatIds.map(() => 1);
  const floor = await startProgram("bench/src/floors/insert-per-request.ts", {
    args: [await bench.databaseUrl("floor")],
    pinned: bench.options.pinned,
  });

  async function ours(): Promise<Sample> {
    const seqs = chatIds.map((): number[] => []);
    const body = (): string => JSON.stringify({ text: TEXT });
    const result = await post(
      bench.port(),
      bench.chat(),
      async (connection, index, stopAt) => {
        const chat = index % chatIds.length;
        const request = httpRequest(
          "POST",
          `/api/chats/${chatIds[chat] ?? ""}/messages`,
          members[index]?.token ?? "",
          body(),
        );
        let last = 0;
        for (let count = 0; ; count += 1) {
          if (performance.now() >= stopAt) return count;
          const answer = await connection.send(request);
          if (answer.status !== 201) faults.add(`POST: ${String(answer.status)} ${answer.body.toString()}`);
          const { seq } = JSON.parse(answer.body.toString()) as { seq: number };
          if (seq <= last) faults.add(`out of order: ${seq} was acknowledged behind ${last}`);
          last = seq;
          seqs[chat]?.push(seq);
        }
      },
      async () => {
        for (const [chat, chatId] of chatIds.entries()) {
          const member = groups[chat]?.[0];
          if (member !== undefined) await bench.settled(chatId, member);
        }
      },
    );
    for (const [chat, acknowledged] of seqs.entries()) {
      checkDense(`chat ${chat}`, acknowledged, nextSeq[chat] ?? 1, faults);
      nextSeq[chat] = (nextSeq[chat] ?? 1) + acknowledged.length;
    }
    return result;
  }

  async function measureFloor(): Promise<Sample> {
    const counting = createSequence("the floor", 0, faults);
    // The database's share stands in the time of its server, which the system's own process has started.
    const both: Pick<Program, "cpuSeconds"> = { cpuSeconds: () => floor.cpuSeconds() + bench.chat().cpuSeconds() };
    return post(
      Number(floor.readyLine),
      both,
      async (connection, index, stopAt) => {
        const path = kind === "hot" ? "/hot/1" : `/apart/${index}`;
        const request = httpRequest("POST", path, "none", JSON.stringify({ text: TEXT }));
        for (let count = 0; ; count += 1) {
          if (performance.now() >= stopAt) return count;
          const { status, body } = await connection.send(request);
          if (status !== 201) faults.add(`floor: ${String(status)} ${body.toString()}`);
          JSON.parse(body.toString());
          counting.saw(counting.next());
        }
      },
      async () => undefined,
    );
  }

  async function post(
    port: number,
    server: Pick<Program, "cpuSeconds">,
    drive: (connection: HttpConnection, index: number, stopAt: number) => Promise<number>,
    settled: () => Promise<void>,
  ): Promise<Sample> {
    const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => openHttpConnection(port)));
    const cpuBefore = server.cpuSeconds();
    const startedAt = performance.now();
    const stopAt = startedAt + options.seconds * 1_000;
    const counts = await Promise.all(connections.map((connection, index) => drive(connection, index, stopAt)));
    const seconds = (performance.now() - startedAt) / 1_000;
    await settled();
    const messages = counts.reduce((sum, count) => sum + count, 0);
    for (const connection of connections) connection.close();
    return {
      perSecond: messages / seconds,
      cpuPer1000: ((server.cpuSeconds() - cpuBefore) / messages) * 1_000,
      fairness: Math.min(...counts) / median(counts),
    };
  }

  return { warmUp: true, ours, floor: measureFloor, close: () => floor.stop() };
}
