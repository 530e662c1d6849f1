import { TEXT } from "../driver/frames.ts";
import { type Answer, httpRequest, openHttpConnection, type HttpConnection } from "../driver/http-connection.ts";
import { checkDense } from "../exactly-once.ts";
import { atLeast, figure, type Experiment, type Sample } from "../experiment.ts";
import { median } from "../percentiles.ts";
import type { Bench } from "../bench.ts";
import { startProgram, type Program } from "../processes.ts";
import { type Acknowledged, readBack } from "../read-back.ts";

const CONNECTIONS = 32;

/** One line of the table: so many connections, each in a chat of its own or all in one. */
export const postToManyChats: Experiment = {
  name: "post",
  open: (bench) => openPosting(bench, "apart"),
  lines: (ours, floor) => [
    {
      work: `POST message, ${CONNECTIONS} connections over ${CONNECTIONS} chats`,
      unit: "messages/s",
      floor: figure(floor, "perSecond"),
      ours: figure(ours, "perSecond"),
      required: atLeast(figure(floor, "perSecond")),
    },
    cpuLine(`POST message, ${CONNECTIONS} chats: CPU of 1,000`, ours, floor),
  ],
};

export const postToOneChat: Experiment = {
  name: "post-hot",
  open: (bench) => openPosting(bench, "hot"),
  lines: (ours, floor) => [
    {
      work: `POST message, ${CONNECTIONS} connections into one chat`,
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
  /** Of the floor's rows, which are numbered by themselves. */
  let nextId = 1;
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
        const numberOf = (answer: string): number => (JSON.parse(answer) as { seq: number }).seq;
        return postUntil(stopAt, "POST", () => connection.send(request), numberOf, seqs[chat] ?? []);
      },
      async () => {
        for (const [chat, chatId] of chatIds.entries()) {
          const member = groups[chat]?.[0];
          if (member !== undefined) await bench.settled(chatId, member);
        }
      },
    );
    const written: Acknowledged[] = [];
    for (const [chat, acknowledged] of seqs.entries()) {
      const first = nextSeq[chat] ?? 1;
      checkDense(`chat ${chat}`, acknowledged, first, faults);
      const last = first + acknowledged.length - 1;
      nextSeq[chat] = last + 1;
      const reader = groups[chat]?.[0];
      if (reader !== undefined) written.push({ chatId: chatIds[chat] ?? "", reader, first, last });
    }
    await readBack(bench, written);
    return result;
  }

  async function measureFloor(): Promise<Sample> {
    const ids: number[] = [];
    // The database's share stands in the time of its server, which the system's own process has started.
    const both: Pick<Program, "cpuSeconds"> = { cpuSeconds: () => floor.cpuSeconds() + bench.chat().cpuSeconds() };
    const result = await post(
      Number(floor.readyLine),
      both,
      async (connection, index, stopAt) => {
        const path = kind === "hot" ? "/hot/1" : `/apart/${index}`;
        const request = httpRequest("POST", path, "none", JSON.stringify({ text: TEXT }));
        const numberOf = (answer: string): number => Number((JSON.parse(answer) as { id: string }).id);
        return postUntil(stopAt, "floor", () => connection.send(request), numberOf, ids);
      },
      async () => undefined,
    );
    checkDense("the floor", ids, nextId, faults);
    nextId += ids.length;
    return result;
  }

  /** One request after the other; each answer's number stands behind the one before. Resolves to how many there were. */
  async function postUntil(
    stopAt: number,
    what: string,
    send: () => Promise<Answer>,
    numberOf: (answer: string) => number,
    acknowledged: number[],
  ): Promise<number> {
    let last = 0;
    let count = 0;
    while (performance.now() < stopAt) {
      const { status, body } = await send();
      if (status !== 201) {
        faults.add(`${what}: ${String(status)} ${body.toString()}`);
        continue;
      }
      const number = numberOf(body.toString());
      if (number <= last) faults.add(`out of order: ${what}: ${number} was acknowledged behind ${last}`);
      last = number;
      acknowledged.push(number);
      count += 1;
    }
    return count;
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
