import { type Room, runTraffic } from "../driver/room-traffic.ts";
import { openSocket } from "../driver/web-socket.ts";
import type { Measurable, Sample } from "../experiment.ts";
import type { Bench } from "../bench.ts";
import { openAll } from "../open-bench.ts";
import type { Person } from "../people.ts";
import { startProgram } from "../processes.ts";
import { readBack } from "../read-back.ts";

/** Messages under way of each sender: enough that no sender ever waits for a commit, with 32 of them 256. */
export const WINDOW = 8;

export interface RoomPlan {
  readonly rooms: number;
  readonly members: number;
  /** Members of each room who send. */
  readonly senders: number;
  /** Messages that each of them has under way at most. */
  readonly window: number;
}

/** Rooms in which messages are sent as fast as they go through, with `ws` and a loop as the floor. */
export async function openRooms(bench: Bench, plan: RoomPlan): Promise<Measurable & { floor(): Promise<Sample> }> {
  const { people, options, faults } = bench;
  const groups = Array.from({ length: plan.rooms }, (_, room) =>
    people.slice(room * plan.members, (room + 1) * plan.members),
  );
  const traffic = { seconds: options.seconds, window: plan.window, clientIds: options.clientIds, faults };
  const bare = await startProgram("bench/src/floors/bare-sockets.ts", { pinned: bench.options.pinned });
  const chatIds: string[] = [];
  for (const group of groups) chatIds.push(await bench.makeGroup(group));
  const nextSeq = new Map<string, number>();
  let bareRound = 0;

  async function measure(
    cpuSeconds: () => number,
    rooms: readonly Room[],
    settle: () => Promise<void>,
  ): Promise<Sample> {
    const before = cpuSeconds();
    const result = await runTraffic(rooms, traffic);
    await settle();
    const cpu = cpuSeconds() - before;
    for (const socket of rooms.flatMap(({ members }) => members)) socket.close();
    return {
      perSecond: result.messages / result.ackSeconds,
      deliveriesPerSecond: result.deliveries / result.deliverySeconds,
      cpuPer1000: (cpu / result.messages) * 1_000,
      ackP50: result.ackP50,
      ackP99: result.ackP99,
    };
  }

  function roomOf(chatId: string, members: Room["members"]): Room {
    return { chatId, members, senders: members.slice(0, plan.senders), nextSeq: nextSeq.get(chatId) ?? 1 };
  }

  return {
    warmUp: true,

    async ours() {
      const sockets = await bench.openSockets(groups.flat());
      const rooms = chatIds.map((chatId, index) =>
        roomOf(chatId, sockets.slice(index * plan.members, (index + 1) * plan.members)),
      );
      const sample = await measure(bench.chat().cpuSeconds, rooms, async () => {
        for (const [index, chatId] of chatIds.entries()) await bench.settled(chatId, firstOf(groups[index]));
      });
      const written = rooms.map(({ chatId, nextSeq: next }, index) => {
        return { chatId, reader: firstOf(groups[index]), first: nextSeq.get(chatId) ?? 1, last: next - 1 };
      });
      await readBack(bench, written);
      for (const room of rooms) nextSeq.set(room.chatId, room.nextSeq);
      return sample;
    },

    async floor() {
      bareRound += 1;
      const rooms: Room[] = [];
      for (const [index, group] of groups.entries()) {
        const path = `/${bareRound}/${index}`;
        const members = await openAll(group, () =>
          openSocket(Number(bare.readyLine), path, (why) => faults.add(`a socket of the floor ended: ${why}`)),
        );
        rooms.push({ chatId: path, members, senders: members.slice(0, plan.senders), nextSeq: 1 });
      }
      return measure(bare.cpuSeconds, rooms, async () => undefined);
    },

    close: () => bare.stop(),
  };
}

function firstOf(group: readonly Person[] | undefined): Person {
  const [first] = group ?? [];
  if (first === undefined) throw new Error("a room of nobody");
  return first;
}
