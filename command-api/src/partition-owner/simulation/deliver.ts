import { partitionOf } from "@chat/shared/partitions/partition-of";
import type { CommandRequest } from "../command-request.ts";
import { describeAnswer, describeRequest, type Answer } from "./history.ts";
import type { SimulatedInstance } from "./simulated-instance.ts";
import type { World } from "./world.ts";

/** How long a client waits for an answer. */
const clientPatienceMs = 2_500;

/** How often a client asks for an instance that takes commands. */
const connectAgainMs = 50;

/** To the instance that most go to, or to any other: leases spread the work, and they are not what makes it safe. */
export async function deliver(world: World, request: CommandRequest): Promise<Answer["said"] | null> {
  const { time, random, instances } = world;
  const askedAt = time.now();
  const patience = new Promise<null>((resolve) => {
    time.later(clientPatienceMs, () => {
      resolve(null);
    });
  });
  for (;;) {
    const ready = instances.filter((one) => one?.isReady() === true);
    const instance = random.happens(0.6)
      ? ready[Math.floor(time.now() / 400) % ready.length]
      : ready[random.below(ready.length)];
    if (instance !== null && instance !== undefined) return Promise.race([patience, ask(world, instance, request)]);
    if (time.now() - askedAt > clientPatienceMs) return null;
    await new Promise<void>((resolve) => {
      time.later(connectAgainMs, resolve);
    });
  }
}

function ask(world: World, instance: SimulatedInstance, request: CommandRequest): Promise<Answer["said"] | null> {
  const { time, network, history, memory } = world;
  const { machine } = instance;
  const partition = partitionOf(request.chatId, memory.partitions);
  return new Promise((resolve) => {
    machine.later(network.delay(), () => {
      const attempt = { request, partition, machine, owner: 0, invokedAt: time.now(), answer: null as Answer | null };
      history.attempts.push(attempt);
      history.note(`${machine.name} is asked ${describeRequest(request)}`);
      const answered = (said: Answer["said"]): void => {
        if (!machine.isAlive()) return;
        attempt.answer = { at: time.now(), said };
        history.note(`${machine.name} answers ${request.id}: ${describeAnswer(said)}`);
        time.later(network.delay(), () => {
          resolve(said);
        });
      };
      instance.submit(partition, request).then(answered, (error: unknown) => {
        answered(error instanceof Error ? error : new Error(String(error)));
      });
    });
  });
}
