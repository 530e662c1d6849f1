import type { EventLog } from "@chat/shared/log/event-log";
import type { Service } from "@chat/shared/lifecycle";
import { leadPartition } from "@chat/shared/log/partition-writer";
import { startOfPartition, type Position } from "@chat/shared/log/position";
import { partitionOf } from "@chat/shared/partitions/partition-of";
import type { Clock } from "./clock.ts";
import type { CommandOutcome, CommandRequest } from "./command-request.ts";
import { createLookUps, type SnapshotSource } from "./look-ups.ts";
import type { PartitionObserver } from "./partition-observer.ts";
import { createPartitionOwner, type PartitionOwner } from "./partition-owner.ts";
import { countUnread } from "./unread-count.ts";
import { notOwner } from "./waiting-commands.ts";

/** How often the tails are cut to what the read models hold. */
const cutEveryMs = 200;

/** The partitions that this instance owns now, and the one way to have a command decided here. */
export interface OwnedPartitions extends Service {
  /** Begins to decide for a partition whose lease is ours; it takes commands at once and answers them once it leads. */
  take(partition: number): void;
  /** Takes no more commands, and resolves when those that were accepted are answered or given back. */
  giveUp(partition: number): Promise<void>;
  owns(partition: number): boolean;
  /** Commands that are not decided yet, in all partitions together. */
  waiting(): number;
  /** Resolves when all that were taken lead or are stuck at an event; throws what the log said of one that was cut. */
  lead(): Promise<void>;
  /** Throws 421 `not_owner` when the partition is not ours, or is given up before the command is decided. Reading is counted: see `unreadCount`. */
  submit(request: CommandRequest): Promise<CommandOutcome>;
}

export interface OwnedPartitionsDependencies {
  readonly log: EventLog;
  readonly source: SnapshotSource;
  readonly checkpoints: () => Promise<ReadonlyMap<number, Position>>;
  /** Whether the partition's lease is ours. */
  readonly mayLead: (partition: number) => boolean;
  /** Names this instance in its Elections. */
  readonly writer: string;
  readonly clock: Clock;
  readonly newElectionId: () => string;
  readonly newEventId: () => string;
  readonly observe: PartitionObserver;
}

export function createOwnedPartitions(dependencies: OwnedPartitionsDependencies): OwnedPartitions {
  const { log, source, checkpoints, clock } = dependencies;
  const lookUps = createLookUps(source);
  const owners = new Map<number, PartitionOwner>();
  const starting = new Map<PartitionOwner, Promise<void>>();
  let running = false;
  let cutting: Promise<void> = Promise.resolve();

  function take(partition: number): void {
    if (owners.has(partition)) return;
    // A new one each time: what the one before knew, others have added to since.
    const owner = createPartitionOwner({
      ...dependencies,
      partition,
      lookUps,
      lead: leadPartition,
      mayLead: () => dependencies.mayLead(partition),
      checkpoint: async () => (await checkpoints()).get(partition) ?? startOfPartition,
    });
    owners.set(partition, owner);
    const started = owner.start();
    starting.set(owner, started);
    // It has told the observer what is wrong; who waits in `lead` gets it too.
    started.then(
      () => starting.delete(owner),
      () => undefined,
    );
  }

  async function giveUp(partition: number): Promise<void> {
    const owner = owners.get(partition);
    if (owner === undefined) return;
    owners.delete(partition);
    await owner.stop();
    starting.delete(owner);
  }

  /**
   * Cuts one round late: look-ups that are under way lie above what the round before had seen, so they seldom have to
   * be read again.
   */
  async function cutTails(): Promise<void> {
    let before: ReadonlyMap<number, Position> = new Map();
    while (running) {
      await clock.sleep(cutEveryMs);
      if ([...owners.values()].every((owner) => owner.tail().bytes() === 0)) continue;
      const now = await checkpoints().catch(() => before);
      for (const [partition, { offset }] of before) owners.get(partition)?.projectedUpTo(offset);
      before = now;
    }
  }

  return {
    name: "partition owners",
    take,
    giveUp,
    owns: (partition) => owners.has(partition),
    waiting: () => [...owners.values()].reduce((sum, owner) => sum + owner.waiting(), 0),
    async lead() {
      await Promise.all(starting.values());
    },
    async submit(request) {
      const owner = owners.get(partitionOf(request.chatId, log.partitions));
      if (owner === undefined) throw notOwner();
      const outcome = await owner.submit(request);
      if (request.command.type !== "MarkRead") return outcome;
      return { ...outcome, unreadCount: await countUnread(source, owner.tail(), request, outcome) };
    },

    async start() {
      running = true;
      cutting = cutTails();
    },
    async stop() {
      await Promise.all([...owners.keys()].map(giveUp));
      running = false;
      await cutting;
    },
  };
}
