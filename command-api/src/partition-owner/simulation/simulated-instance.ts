import type { EventLog } from "@chat/shared/log/event-log";
import { leadPartition } from "@chat/shared/log/partition-writer";
import type { CommandOutcome, CommandRequest } from "../command-request.ts";
import { createLookUps, type LookUps } from "../look-ups.ts";
import type { RoomForEvents } from "../owner-limits.ts";
import { createPartitionOwner, type PartitionOwner } from "../partition-owner.ts";
import type { Machine } from "./machine.ts";
import type { Network } from "./network.ts";
import type { Random } from "./random.ts";
import type { SimulatedProjector } from "./simulated-projector.ts";

/** One life of a command-api: an owner for every partition, all of them rivals of the other instances' owners. */
export interface SimulatedInstance {
  readonly machine: Machine;
  isReady(): boolean;
  submit(partition: number, request: CommandRequest): Promise<CommandOutcome>;
  /** A stop, for half of the instances because the lease was lost; resolves when what was accepted is done or given back. */
  stop(): Promise<void>;
}

/** What an owner is given from outside: where bugs can be planted without a line of it being changed. */
export interface OwnerPorts {
  readonly log: EventLog;
  readonly lookUps: LookUps;
  readonly lead: typeof leadPartition;
  /** The owner itself as others see it. */
  readonly wrap: (owner: PartitionOwner) => PartitionOwner;
}

/** Replaces ports of one owner. `tailStart` asks that owner, once it is there. */
export type PlantInOwner = (ports: OwnerPorts, tailStart: () => number) => Partial<OwnerPorts>;

interface Dependencies {
  readonly machine: Machine;
  readonly log: EventLog;
  readonly projector: SimulatedProjector;
  readonly network: Network;
  readonly random: Random;
  readonly room: RoomForEvents;
  readonly plant: PlantInOwner;
  readonly newId: () => string;
  readonly note: (what: string) => void;
  readonly halted: (partition: number, error: Error) => void;
}

export function startInstance(dependencies: Dependencies): SimulatedInstance {
  const { machine, log, projector, network, random, room, newId, note } = dependencies;
  /** A database that thinks long gives answers from long ago. */
  const databaseMs = random.pick([1, 1, 100]);
  const source = createLookUps({
    async load(wanted) {
      const snapshot = await network.request(machine, () => projector.snapshot(wanted));
      await machine.clock.sleep(random.between(0, databaseMs));
      return snapshot;
    },
  });
  const owners = Array.from({ length: log.partitions }, (_, partition) => startOwner(partition));
  const cutEveryMs = random.pick([10, 100, 300]);
  let ready = false;
  let stopping = false;
  let leased = true;

  function startOwner(partition: number): PartitionOwner {
    const shipped: OwnerPorts = { log, lookUps: source, lead: leadPartition, wrap: (one) => one };
    const { wrap, ...ports } = { ...shipped, ...dependencies.plant(shipped, () => owner.tail().start()) };
    const say = (what: string) => (): void => {
      note(`${machine.name} ${what} ${String(partition)}`);
    };
    const owner: PartitionOwner = createPartitionOwner({
      ...ports,
      partition,
      writer: machine.name,
      room,
      mayLead: () => leased,
      checkpoint: async () => {
        const positions = await network.request(machine, () => projector.positions());
        return positions.get(partition) ?? { offset: 0, epoch: null };
      },
      clock: machine.clock,
      newElectionId: newId,
      newEventId: newId,
      observe: {
        elected: say("leads"),
        fenced: say("lost"),
        settled: say("settled a batch of"),
        failed: (_, error) => {
          note(`${machine.name} failed in ${String(partition)}: ${String(error)}`);
        },
        halted: dependencies.halted,
        stopped: () => undefined,
      },
    });
    return wrap(owner);
  }

  /** Cuts the tails to what the read models hold, sooner and more often than the service does. */
  async function cutTails(): Promise<void> {
    while (machine.isAlive() && !stopping) {
      await machine.clock.sleep(random.between(1, cutEveryMs));
      try {
        const positions = await network.request(machine, () => projector.positions());
        owners.forEach((owner, partition) => {
          owner.projectedUpTo(positions.get(partition)?.offset ?? 0);
        });
      } catch {
        // The database was not reached; the next round will do.
      }
    }
  }

  void Promise.all(owners.map((owner) => owner.start())).then(
    () => {
      ready = true;
      void cutTails();
    },
    () => undefined,
  );

  return {
    machine,
    isReady: () => ready && !stopping && machine.isAlive(),
    submit: (partition, request) => {
      const owner = owners[partition];
      return owner === undefined ? Promise.reject(new Error("no such partition")) : owner.submit(request);
    },
    async stop() {
      stopping = true;
      leased = /[13579]$/.test(machine.name);
      await Promise.all(owners.map((owner) => owner.stop()));
    },
  };
}
