import { atLeast, figure, type Experiment } from "../experiment.ts";
import { formatCount } from "../table.ts";
import { openRooms, WINDOW } from "./rooms.ts";
import { atLeastThere, atMostThere, BARE_THERE, openYardstick, slownessOf, speedOf } from "./yardstick.ts";

/** The best of the peers (Tinode), acknowledged sends a second on one core. */
const BEST_PEER_PER_SECOND = 1_312;

export const pairs: Experiment = {
  name: "pairs",
  open: (bench) => openRooms(bench, { rooms: bench.options.sizes.pairs, members: 2, senders: 1, window: WINDOW }),
  lines(ours, floor, { pairs: chats }) {
    return [
      {
        work: `${chats} senders in ${chats} chats over ws: CPU of 1,000`,
        unit: "CPU s",
        floor: figure(floor, "cpuPer1000"),
        ours: figure(ours, "cpuPer1000"),
        ...atMostThere(0.2, slownessOf(floor)),
      },
      {
        work: `${chats} senders in ${chats} chats over ws`,
        unit: "acknowledged/s",
        floor: figure(floor, "perSecond"),
        ours: figure(ours, "perSecond"),
        ...atLeastThere(4 * BEST_PEER_PER_SECOND, speedOf(floor)),
      },
    ];
  },
};

export const room: Experiment = {
  name: "room",
  open: (bench) => openRooms(bench, { rooms: 1, members: bench.options.sizes.room, senders: 8, window: WINDOW }),
  lines(ours, floor, sizes) {
    const slowness = figure(floor, "cpuPer1000") / BARE_THERE.roomCpu;
    return [
      {
        work: `one chat of ${formatCount(sizes.room)}: CPU of 1,000`,
        unit: "CPU s",
        floor: figure(floor, "cpuPer1000"),
        ours: figure(ours, "cpuPer1000"),
        ...atMostThere(0.8, slowness),
      },
    ];
  },
};

export const crowd: Experiment = {
  name: "crowd",
  open: (bench) => openRooms(bench, { rooms: 1, members: bench.options.sizes.crowd, senders: 8, window: 4 }),
  lines(ours, floor, sizes) {
    const slowness = figure(floor, "cpuPer1000") / BARE_THERE.crowdCpu;
    return [
      {
        work: `push to ${formatCount(sizes.crowd)} members of one chat`,
        unit: "deliveries/s",
        floor: figure(floor, "deliveriesPerSecond"),
        ours: figure(ours, "deliveriesPerSecond"),
        required: atLeast(0.7 * figure(floor, "deliveriesPerSecond")),
        note: "70 % of the floor",
      },
      {
        work: `one chat of ${formatCount(sizes.crowd)}: CPU of 1,000`,
        unit: "CPU s",
        floor: figure(floor, "cpuPer1000"),
        ours: figure(ours, "cpuPer1000"),
        ...atMostThere(3.5, slowness),
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
      floor: async () => ({ ...(await alone.floor()), machine: figure(await yardstick.floor(), "perSecond") }),
      async close() {
        await alone.close();
        await yardstick.close();
      },
    };
  },
  lines(ours, floor) {
    const slowness = slownessOf({ perSecond: figure(floor, "machine") });
    return [
      {
        work: "one sender alone: p50 to the acknowledgement",
        unit: "ms",
        floor: figure(floor, "ackP50"),
        ours: figure(ours, "ackP50"),
        ...atMostThere(1.2, slowness),
      },
      {
        work: "one sender alone: CPU of 1,000",
        unit: "CPU s",
        floor: figure(floor, "cpuPer1000"),
        ours: figure(ours, "cpuPer1000"),
        ...atMostThere(0.8, slowness),
      },
    ];
  },
};
