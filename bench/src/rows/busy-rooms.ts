import { atLeast, atMost, figure, type Experiment } from "../experiment.ts";
import { openRooms, PAIRS_WINDOW } from "./rooms.ts";
import { BARE_THERE, openYardstick, speedOf } from "./yardstick.ts";

/** The best of the peers (Tinode), acknowledged sends a second on one core. */
const BEST_PEER_PER_SECOND = 1_312;

export const pairs: Experiment = {
  name: "pairs",
  open: (bench) => openRooms(bench, { rooms: bench.options.sizes.pairs, members: 2, senders: 1, window: PAIRS_WINDOW }),
  lines(ours, floor) {
    const speed = speedOf(floor);
    return [
      {
        work: "32 senders in 32 chats over ws: CPU of 1,000",
        unit: "CPU s",
        floor: figure(floor, "cpuPer1000"),
        ours: figure(ours, "cpuPer1000"),
        required: atMost(0.2 / speed),
        unscaled: 0.2,
        note: `0.20 × ${speed.toFixed(2)}⁻¹`,
      },
      {
        work: "32 senders in 32 chats over ws",
        unit: "acknowledged/s",
        floor: figure(floor, "perSecond"),
        ours: figure(ours, "perSecond"),
        required: atLeast(4 * BEST_PEER_PER_SECOND * speed),
        unscaled: 4 * BEST_PEER_PER_SECOND,
        note: `4 × 1,312 × ${speed.toFixed(2)}`,
      },
    ];
  },
};

export const room: Experiment = {
  name: "room",
  open: (bench) => openRooms(bench, { rooms: 1, members: bench.options.sizes.room, senders: 8, window: PAIRS_WINDOW }),
  lines(ours, floor) {
    const slowness = figure(floor, "cpuPer1000") / BARE_THERE.roomCpu;
    return [
      {
        work: "one chat of 100: CPU of 1,000",
        unit: "CPU s",
        floor: figure(floor, "cpuPer1000"),
        ours: figure(ours, "cpuPer1000"),
        required: atMost(0.8 * slowness),
        unscaled: 0.8,
        note: `0.8 × ${slowness.toFixed(2)}`,
      },
    ];
  },
};

export const crowd: Experiment = {
  name: "crowd",
  open: (bench) => openRooms(bench, { rooms: 1, members: bench.options.sizes.crowd, senders: 8, window: 4 }),
  lines(ours, floor) {
    const slowness = figure(floor, "cpuPer1000") / BARE_THERE.crowdCpu;
    return [
      {
        work: "push to 1,000 members of one chat",
        unit: "deliveries/s",
        floor: figure(floor, "deliveriesPerSecond"),
        ours: figure(ours, "deliveriesPerSecond"),
        required: atLeast(0.7 * figure(floor, "deliveriesPerSecond")),
        note: "70 % of the floor",
      },
      {
        work: "one chat of 1,000: CPU of 1,000",
        unit: "CPU s",
        floor: figure(floor, "cpuPer1000"),
        ours: figure(ours, "cpuPer1000"),
        required: atMost(3.5 * slowness),
        unscaled: 3.5,
        note: `3.5 × ${slowness.toFixed(2)}`,
      },
    ];
  },
};

export const loneSender: Experiment = {
  name: "lone",
  async open(bench) {
    const alone = await openRooms(bench, { rooms: 1, members: 2, senders: 1, window: 1 });
    const yardstick = await openYardstick(bench);
    return {
      ...alone,
      floor: async () => ({ ...(await alone.floor?.()), machine: figure(await yardstick.floor(), "perSecond") }),
      async close() {
        await alone.close();
        await yardstick.close();
      },
    };
  },
  lines(ours, floor) {
    const speed = speedOf({ perSecond: figure(floor, "machine") });
    return [
      {
        work: "one sender alone: p50 to the acknowledgement",
        unit: "ms",
        floor: figure(floor, "ackP50"),
        ours: figure(ours, "ackP50"),
        required: atMost(1.2 / speed),
        unscaled: 1.2,
        note: `1.2 × ${speed.toFixed(2)}⁻¹`,
      },
      {
        work: "one sender alone: CPU of 1,000",
        unit: "CPU s",
        floor: figure(floor, "cpuPer1000"),
        ours: figure(ours, "cpuPer1000"),
        required: atMost(0.8 / speed),
        unscaled: 0.8,
        note: `0.80 × ${speed.toFixed(2)}⁻¹`,
      },
    ];
  },
};
