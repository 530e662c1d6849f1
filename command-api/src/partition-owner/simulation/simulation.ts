import { deliver } from "./deliver.ts";
import type { History } from "./history.ts";
import { findViolations } from "./invariants.ts";
import { endWithAnotherReign } from "./last-reign.ts";
import { createClients, createGroup, createWishes, type Wish } from "./simulated-clients.ts";
import { planTrouble } from "./trouble.ts";
import { createWorld, startReaders, startSlot, troubleMs, type PlantedBug, type World } from "./world.ts";

export interface Run {
  /** What was promised and not kept, in words; empty when all is well. */
  readonly violations: readonly string[];
  readonly history: History;
}

/** Nobody waits longer than this for anything after the last trouble. */
const calmMs = 10_000;

const chatIds = ["1", "2", "3"].map((digit) => `00000000-0000-7000-8000-00000000000${digit}`);

/**
 * One run of the shipped owner, writer and reader under whatever the seed brings: rivals, lost and late requests and
 * answers, pauses, crashes, stops, a log that was cut. The same seed gives the same run.
 */
export async function simulate(seed: number, planted: PlantedBug = {}): Promise<Run> {
  const world = createWorld(seed, planted);
  const { time, random, instances, memory } = world;
  instances.forEach((_, slot) => {
    startSlot(world, slot);
  });
  startReaders(world);
  planTrouble(world);

  const clients = createClients({ time, random, deliver: (request) => deliver(world, request) });
  let open = 0;
  const send = (wish: Wish): void => {
    open += 1;
    void clients(wish).then(() => {
      open -= 1;
    });
  };
  planWishes(world, send);
  await time.run(troubleMs, () => false);

  world.network.clearUp();
  await time.run(troubleMs + calmMs, () => open === 0);
  for (const chatId of chatIds) {
    const command = { type: "SendMessage" as const, text: "the last word", replyTo: null };
    for (let slot = 0; slot < instances.length; slot += 1) {
      send({ chatId, actor: "1", command, idempotencyKey: null, requestHash: null });
    }
  }
  await time.run(time.now() + calmMs, () => open === 0);
  await endWithAnotherReign(world);
  const ends = await memory.ends();
  await time.run(time.now() + calmMs, () => everybodyHasReadUpTo(world, ends));
  return { violations: findViolations(world), history: world.history };
}

function everybodyHasReadUpTo({ readers, projector }: World, ends: readonly number[]): boolean {
  return (
    readers.every((reader) => reader.halted() !== null || reader.position().offset === ends[reader.partition]) &&
    (projector.stopped() !== null ||
      [...projector.positions()].every(([partition, { offset }]) => offset === ends[partition]))
  );
}

/** Many at once now and then, so that batches form. */
function planWishes(world: World, send: (wish: Wish) => void): void {
  const { time, random } = world;
  for (const chatId of chatIds) {
    time.later(0, () => {
      send({ chatId, actor: "1", command: createGroup, idempotencyKey: null, requestHash: null });
    });
  }
  const wishes = createWishes(chatIds, random);
  let at = 0;
  for (let count = 10 + random.below(20); count > 0; count -= 1) {
    if (random.happens(0.6)) at = random.between(50, troubleMs);
    time.later(at, () => {
      send(wishes());
    });
  }
}
