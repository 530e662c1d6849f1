import type { EventLog } from "@chat/shared/log/event-log";
import type { leadPartition } from "@chat/shared/log/partition-writer";
import type { Position } from "@chat/shared/log/position";
import type { Clock } from "./clock.ts";
import type { LookUps } from "./look-ups.ts";
import type { RoomForEvents } from "./owner-limits.ts";
import type { PartitionObserver } from "./partition-observer.ts";

export interface PartitionOwnerDependencies {
  readonly log: EventLog;
  readonly partition: number;
  readonly writer: string;
  readonly lookUps: LookUps;
  readonly lead: typeof leadPartition;
  /**
   * Whether the partition's lease is ours: only then it stands for election. One that leads needs none, for the log says
   * when that is over. Absent: nobody else is there to hold it.
   */
  readonly mayLead?: () => boolean;
  /** How far the read models are in this partition. */
  readonly checkpoint: () => Promise<Position>;
  readonly clock: Clock;
  readonly newElectionId: () => string;
  readonly newEventId: () => string;
  readonly observe: PartitionObserver;
  /** Absent: as much as the service has. Simulations have little, so that they come to its end. */
  readonly room?: RoomForEvents;
}
