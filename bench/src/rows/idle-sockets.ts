import { setTimeout as sleep } from "node:timers/promises";
import { type DriverSocket, openSocket } from "../driver/web-socket.ts";
import { atMost, type Experiment, figure, type Sample } from "../experiment.ts";
import { pssKibOf } from "../cpu-time.ts";
import type { Bench } from "../bench.ts";
import { formatCount } from "../table.ts";
import { openAll } from "../open-bench.ts";
import type { Person } from "../people.ts";
import { startProgram } from "../processes.ts";

/** The lowest of so many looks counts. */
const LOOKS = 10;
const LOOK_EVERY_MS = 500;
const FIRST = 50;
/**
 * Of both programs. Where V8 may choose, its space for young objects grows by tens of MiB at moments of its own, by as much
 * as 2,000 sockets take, and as soon without any; and of the handshakes' garbage it keeps between nothing and as much again.
 * So the young space is given, and before each look all garbage goes (see `collect-garbage.ts`).
 */
const MEMORY_FLAGS = [
  ...["--min-semi-space-size=4", "--max-semi-space-size=4"],
  ...["--expose-gc", "--import", import.meta.resolve("../collect-garbage.ts")],
];
/** A heartbeat (25 s) and more: each device has been pinged, and its cursor proven. */
const IDLE_MS = 30_000;

export const idleSockets: Experiment = {
  name: "idle",
  open: openIdleSockets,
  lines: (ours, floor, sizes) => [
    {
      work: `an idle device with a cursor, behind a heartbeat (PSS of ${formatCount(sizes.idleSockets)}, garbage apart)`,
      unit: "KiB",
      floor: figure(floor, "kib"),
      ours: figure(ours, "kib"),
      required: atMost(20),
    },
  ],
};

async function openIdleSockets(bench: Bench) {
  const people = bench.people.slice(0, bench.options.sizes.idleSockets);
  const looks = bench.options.smoke ? 1 : LOOKS;

  async function measure(pid: number, open: (who: readonly Person[]) => Promise<DriverSocket[]>): Promise<Sample> {
    // Code that the first handshakes bring along is not the sockets'.
    for (const socket of await open(people.slice(0, FIRST))) socket.close();
    const before = await lowestPss(pid);
    const sockets = await open(people);
    if (!bench.options.smoke) await sleep(IDLE_MS);
    const after = await lowestPss(pid);
    for (const socket of sockets) socket.close();
    return { kib: (after - before) / people.length, totalKib: after };
  }

  async function lowestPss(pid: number): Promise<number> {
    process.kill(pid, "SIGUSR2");
    let lowest = Number.POSITIVE_INFINITY;
    for (let look = 0; look < looks; look += 1) {
      await sleep(LOOK_EVERY_MS);
      lowest = Math.min(lowest, pssKibOf(pid));
    }
    return lowest;
  }

  return {
    maxRounds: 1,
    /** A system that has just been started: what earlier work has left in its heap would be filled first. */
    async ours() {
      await bench.restart(MEMORY_FLAGS);
      return measure(bench.chat().pid, bench.openSockets);
    },
    async floor() {
      const bare = await startProgram("bench/src/floors/bare-sockets.ts", {
        nodeFlags: MEMORY_FLAGS,
        pinned: bench.options.pinned,
      });
      const sample = await measure(bare.pid, (who) =>
        openAll(who, ({ id }) =>
          openSocket(Number(bare.readyLine), `/${id}`, (why) => bench.faults.add(`floor: ${why}`)),
        ),
      );
      await bare.stop();
      return sample;
    },
    close: () => bench.restart(),
  };
}
