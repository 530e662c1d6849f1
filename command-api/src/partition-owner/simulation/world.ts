import type { EventLog } from "@chat/shared/log/event-log";
import { readEvents } from "@chat/shared/log/fenced-reader";
import { createMemoryLog, type MemoryLog } from "@chat/shared/log/memory/memory-log";
import * as limits from "../owner-limits.ts";
import { createFaultyLog } from "./faulty-log.ts";
import { createHistory, observeLandings, type History } from "./history.ts";
import { createMachine } from "./machine.ts";
import { createNetwork, type Network, type Weather } from "./network.ts";
import { createRandom, type Random } from "./random.ts";
import { startInstance, type PlantInOwner, type SimulatedInstance } from "./simulated-instance.ts";
import { startProjector, type SimulatedProjector } from "./simulated-projector.ts";
import { startReader, type SimulatedReader } from "./simulated-reader.ts";
import { createVirtualTime, type VirtualTime } from "./virtual-time.ts";

/** What of the shipped code is replaced in a run that must fail: ports and injected functions, nothing within. */
export interface PlantedBug {
  readonly inReader?: typeof readEvents;
  readonly inOwner?: PlantInOwner;
  /** The log is cut in every run, not in one of ten: for what nothing else brings to light. */
  readonly cutsLog?: true;
}

/** Everything of one run that its parts share. */
export interface World {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly network: Network;
  readonly history: History;
  readonly memory: MemoryLog;
  readonly log: EventLog;
  readonly projector: SimulatedProjector;
  readonly readers: SimulatedReader[];
  /** By slot the instance that lives there now, or null while it is down. */
  readonly instances: (SimulatedInstance | null)[];
  readonly halts: { readonly who: string; readonly error: Error }[];
  /** How much of the log its owners may hold. */
  readonly room: limits.RoomForEvents;
  readonly planted: PlantedBug;
  /** Numbers whatever must be told apart in this run. */
  readonly newNumber: () => number;
}

/** Commands are sent, and things go wrong, for so long. */
export const troubleMs = 1_500;

export function createWorld(seed: number, planted: PlantedBug): World {
  const random = createRandom(seed);
  const time = createVirtualTime(random);
  const partitions = random.happens(0.8) ? 1 : 2;
  const history = createHistory(time, partitions);
  const memory = createMemoryLog({ id: "a-log", partitions });
  const log = observeLandings(memory, time, history);
  const network = createNetwork(time, random, forecast(random));
  const projectorMachine = createMachine("projector", time);
  let numbers = 0;
  const projector = startProjector({
    log: createFaultyLog(log, projectorMachine, network, random),
    machine: projectorMachine,
    random,
    longestLagMs: random.pick([5, 50, 400]),
  });
  const instances = Array.from({ length: 2 + random.below(2) }, () => null);
  const newNumber = (): number => (numbers += 1);
  return {
    time,
    random,
    network,
    history,
    memory,
    log,
    projector,
    readers: [],
    instances,
    halts: [],
    room: littleRoom(createRandom(~seed)),
    planted,
    newNumber,
  };
}

/** So little in most runs that owners refuse to go on, begin anew where the read models are, and fill their batches. */
function littleRoom(random: Random): limits.RoomForEvents {
  const { maxBatchBytes, maxTailBytes, maxTailEvents } = limits.room;
  return {
    maxBatchBytes: random.pick([maxBatchBytes, 2_000, 600]),
    maxTailBytes: random.pick([maxTailBytes, maxTailBytes, 20_000, 4_000]),
    maxTailEvents: random.pick([maxTailEvents, 20, 8, 3]),
  };
}

function forecast(random: Random): Weather {
  const often = (most: number): number => (random.happens(0.4) ? 0 : random.between(0, most));
  return {
    lostRequests: often(0.1),
    lostAnswers: often(0.15),
    falseErrors: often(0.15),
    slow: often(0.2),
    longestDelayMs: random.pick([30, 300, 1_500]),
  };
}

/** A new life in this slot. */
export function startSlot(world: World, slot: number): void {
  const { time, random, network, history, instances, room, planted, newNumber } = world;
  const machine = createMachine(`instance ${String(slot)}.${String(newNumber())}`, time);
  instances[slot] = startInstance({
    machine,
    log: createFaultyLog(world.log, machine, network, random),
    projector: world.projector,
    network,
    random,
    room,
    plant: planted.inOwner ?? (() => ({})),
    newId: () => `n${String(newNumber())}`,
    note: history.note,
    halted: (partition, error) => {
      history.note(`${machine.name} halts in ${String(partition)}: ${error.message}`);
      world.halts.push({ who: machine.name, error });
    },
  });
}

/** From the beginning, from the beginning but later, and from others' checkpoints. */
export function startReaders(world: World): void {
  const { time, random, network, memory, log, planted, readers, newNumber } = world;
  const start = (partition: number, after?: SimulatedReader): void => {
    const name = `reader ${String(newNumber())}`;
    const machine = createMachine(name, time);
    const faulty = createFaultyLog(log, machine, network, random);
    const read = planted.inReader ?? readEvents;
    const from = after === undefined ? {} : { after };
    readers.push(startReader({ name, log: faulty, partition, machine, random, read, ...from }));
    if (random.happens(0.3)) {
      time.later(random.between(0, troubleMs), () => {
        machine.pause(random.between(10, troubleMs));
      });
    }
  };
  for (let partition = 0; partition < memory.partitions; partition += 1) {
    start(partition);
    time.later(random.between(0, troubleMs), () => {
      start(partition);
    });
    time.later(random.between(0, troubleMs), () => {
      const known = readers.filter((reader) => reader.partition === partition && reader.halted() === null);
      if (known.length > 0) start(partition, random.pick(known));
    });
  }
}
