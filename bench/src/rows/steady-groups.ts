import { setTimeout as sleep } from "node:timers/promises";
import { readFrame, sendFrame } from "../driver/frames.ts";
import { type DriverSocket, openSocket } from "../driver/web-socket.ts";
import { createSequence, type Faults } from "../exactly-once.ts";
import { atMost, type Experiment, figure, type Sample } from "../experiment.ts";
import { percentile } from "../percentiles.ts";
import type { Bench } from "../bench.ts";
import { openAll } from "../open-bench.ts";
import { startProgram } from "../processes.ts";
import { readBack } from "../read-back.ts";

const PER_SECOND = 200;
/**
 * The best of the peers (Centrifugo), as they are: most of a durable message's time is a disk's, which bare `ws` says nothing
 * of. Measured beside ours the peers take as long here as there, where bare `ws` takes a third (decision 28).
 */
const PEER = { p50: 2.3, p99: 9.5 } as const;
/** Opening so many sockets is work that goes on for seconds behind it; what is measured is people who are there. */
const THERE_FOR_MS = 3_000;
/** What has not reached the last member by then is lost. */
const ARRIVES_WITHIN_MS = 30_000;

export const steadyGroups: Experiment = {
  name: "steady",
  open: openSteadyGroups,
  lines: (ours, floor, sizes) =>
    (["p50", "p99"] as const).map((name) => ({
      work: `${sizes.groups} chats of ${sizes.groupMembers}, ${PER_SECOND} messages/s: ${name} to the last member`,
      unit: "ms",
      floor: figure(floor, name),
      ours: figure(ours, name),
      required: atMost(PEER[name]),
      note: "the best peer",
    })),
};

interface Group {
  readonly chatId: string;
  readonly members: readonly DriverSocket[];
  readonly nextSeq: number;
}

async function openSteadyGroups(bench: Bench) {
  const { people, options, faults } = bench;
  const { groups: count, groupMembers: size } = options.sizes;
  const membersOf = <T>(all: readonly T[], index: number): T[] => all.slice(index * size, (index + 1) * size);
  const wanted = people.slice(0, count * size);
  const bare = await startProgram("bench/src/floors/bare-sockets.ts", { pinned: bench.options.pinned });
  const chatIds: string[] = [];
  for (let index = 0; index < count; index += 1) chatIds.push(await bench.makeGroup(membersOf(wanted, index)));
  const nextSeq = chatIds.map(() => 1);
  let round = 0;

  return {
    warmUp: true,

    async ours(): Promise<Sample> {
      const sockets = await bench.openSockets(wanted);
      if (!options.smoke) await sleep(THERE_FOR_MS);
      const groups = chatIds.map((chatId, index) => {
        return { chatId, members: membersOf(sockets, index), nextSeq: nextSeq[index] ?? 1 };
      });
      const { sent, sample } = await measure(groups);
      const written = chatIds.flatMap((chatId, index) => {
        const [reader] = membersOf(wanted, index);
        const first = nextSeq[index] ?? 1;
        const last = first + (sent[index] ?? 0) - 1;
        nextSeq[index] = last + 1;
        return reader === undefined ? [] : [{ chatId, reader, first, last }];
      });
      await readBack(bench, written);
      return sample;
    },

    async floor(): Promise<Sample> {
      round += 1;
      const groups: Group[] = [];
      for (const chatId of chatIds) {
        const members = await openAll(Array.from({ length: size }), () =>
          openSocket(Number(bare.readyLine), `/${round}/${chatId}`, (why) => faults.add(`floor: ${why}`)),
        );
        groups.push({ chatId, members, nextSeq: 1 });
      }
      return (await measure(groups)).sample;
    },

    close: () => bare.stop(),
  };

  async function measure(groups: readonly Group[]) {
    const { latencies, sent } = await sendSteadily(groups, options.seconds, faults);
    for (const socket of groups.flatMap(({ members }) => members)) socket.close();
    return { sent, sample: { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) } };
  }
}

/** One message every 5 ms, whatever became of those before, each in the next group; milliseconds to the last member. */
async function sendSteadily(groups: readonly Group[], seconds: number, faults: Faults) {
  const latencies: number[] = [];
  const sentAt = groups.map((): number[] => []);
  const arrived = groups.map((): number[] => []);
  const total = Math.round(seconds * PER_SECOND);
  const complete = Promise.withResolvers<undefined>();

  for (const [index, { chatId, members, nextSeq: first }] of groups.entries()) {
    for (const member of members) {
      const sequence = createSequence(`a member of ${chatId}`, first, faults);
      member.onText = (buffer, start, end) => {
        const heard = readFrame(buffer, start, end);
        if (heard.kind === "refused") faults.add(`refused: ${heard.frame}`);
        if (heard.kind !== "pushed") return;
        sequence.saw(heard.seq);
        // One sender for each group, on one connection: its nth message is the nth of the chat.
        const nth = heard.seq - first;
        const count = ((arrived[index] ?? [])[nth] ?? 0) + 1;
        (arrived[index] ?? [])[nth] = count;
        if (count < members.length) return;
        latencies.push(performance.now() - (sentAt[index]?.[nth] ?? Number.NaN));
        if (latencies.length === total) complete.resolve(undefined);
      };
    }
  }

  const startedAt = performance.now();
  for (let n = 0; n < total; n += 1) {
    const wait = startedAt + (n * 1_000) / PER_SECOND - performance.now();
    if (wait > 0) await sleep(wait);
    const index = n % groups.length;
    const group = groups[index];
    const times = sentAt[index];
    if (group === undefined || times === undefined) continue;
    group.members[0]?.send(sendFrame(group.chatId, times.length, null));
    times.push(performance.now());
  }
  const timer = setTimeout(() => {
    faults.add(`lost: ${total - latencies.length} messages did not reach all members`);
    complete.resolve(undefined);
  }, ARRIVES_WITHIN_MS);
  await complete.promise;
  clearTimeout(timer);
  return { latencies, sent: sentAt.map(({ length }) => length) };
}
