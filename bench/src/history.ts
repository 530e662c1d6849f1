import { runTraffic } from "./driver/room-traffic.ts";
import type { Bench, History } from "./bench.ts";
import { readBack } from "./read-back.ts";

const WRITERS = 16;
const WINDOW = 32;
/** It is written in pieces of so long. */
const PIECE_SECONDS = 5;
/** A system that is slower than this would take longer than anybody waits. */
const MIN_PER_SECOND = 400;
const GRACE_SECONDS = 60;

/** A chat with as many messages as `sizes.history` says, written through sockets as fast as they go through. */
export async function writeHistory(bench: Bench): Promise<History> {
  const { options, faults } = bench;
  const wanted = options.sizes.history;
  const people = bench.people.slice(0, WRITERS);
  const reader = people[0];
  if (reader === undefined) throw new Error("nobody reads");
  const chatId = await bench.makeGroup(people);
  const sockets = await bench.openSockets(people);
  const room = { chatId, members: sockets, senders: sockets, nextSeq: 1 };
  const startedAt = performance.now();
  while (room.nextSeq <= wanted) {
    const seconds = options.smoke ? options.seconds : PIECE_SECONDS;
    await runTraffic([room], { seconds, window: WINDOW, clientIds: false, faults });
    bench.say(`a history of ${room.nextSeq - 1} of ${wanted} messages`);
    const taken = (performance.now() - startedAt) / 1_000;
    if (taken > GRACE_SECONDS + wanted / MIN_PER_SECOND) throw new Error("writing the history takes too long");
  }
  for (const socket of sockets) socket.close();
  await readBack(bench, [{ chatId, reader, first: 1, last: room.nextSeq - 1 }]);
  return { chatId, reader, last: room.nextSeq - 1 };
}
