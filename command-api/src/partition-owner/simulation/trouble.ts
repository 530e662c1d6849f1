import type { Machine } from "./machine.ts";
import type { SimulatedInstance } from "./simulated-instance.ts";
import { startSlot, troubleMs, type World } from "./world.ts";

/** Pauses, kills and stops of instances at random moments, and in one run of ten a log that is cut. */
export function planTrouble(world: World): void {
  const { time, random, instances } = world;
  const atRandom = (act: () => void): void => {
    time.later(random.between(0, troubleMs), act);
  };
  const onSome = (act: (slot: number, instance: SimulatedInstance) => void) => (): void => {
    const slot = random.below(instances.length);
    const instance = instances[slot];
    if (instance !== null && instance !== undefined) act(slot, instance);
  };
  for (let pauses = random.below(4); pauses > 0; pauses -= 1)
    atRandom(
      onSome((_, { machine }) => {
        pause(world, machine);
      }),
    );
  for (let kills = random.below(3); kills > 0; kills -= 1)
    atRandom(
      onSome((slot, instance) => {
        kill(world, slot, instance);
      }),
    );
  if (random.happens(0.3))
    atRandom(
      onSome((slot, instance) => {
        stop(world, slot, instance);
      }),
    );
  if (random.happens(world.planted.cutsLog === true ? 1 : 0.1))
    atRandom(() => {
      cutLog(world);
    });
}

function pause({ history, random }: World, machine: Machine): void {
  const forMs = random.between(20, random.pick([100, 600, 3_000]));
  history.note(`${machine.name} is paused for ${forMs.toFixed(0)} ms`);
  machine.pause(forMs);
}

function kill(world: World, slot: number, { machine }: SimulatedInstance): void {
  world.history.note(`${machine.name} is killed`);
  machine.kill();
  startLater(world, slot);
}

function stop(world: World, slot: number, instance: SimulatedInstance): void {
  const { history, instances } = world;
  const { machine } = instance;
  history.note(`${machine.name} is stopped`);
  instances[slot] = null;
  void instance.stop().then(() => {
    history.note(`${machine.name} has stopped`);
    machine.kill();
    startLater(world, slot);
  });
}

function startLater(world: World, slot: number): void {
  world.instances[slot] = null;
  world.time.later(world.random.between(10, 500), () => {
    startSlot(world, slot);
  });
}

/** What all replicas lost at once, or an unclean election, does. */
function cutLog({ history, memory, random, time }: World): void {
  const partition = random.below(memory.partitions);
  const records = memory.records[partition] ?? [];
  const length = 1 + random.below(records.length);
  if (length >= records.length) return;
  history.note(
    `the log of partition ${String(partition)} is cut to ${String(length)} of ${String(records.length)} records`,
  );
  history.cutAt = time.now();
  history.cutIn = partition;
  history.cutEnd = records.length;
  history.cutRecords = records.length - length;
  records.length = length;
}
