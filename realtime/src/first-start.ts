import type { EventLog } from "@chat/shared/log/event-log";
import { partitionOf } from "@chat/shared/partitions/partition-of";
import { membershipChangeOf } from "./audience.ts";
import type { MembershipStart } from "./audience-rows.ts";
import type { DeviceCursors } from "./device-cursors.ts";
import type { Offsets } from "./offsets.ts";
import type { StreamPlace } from "./pushes.ts";
import type { EventWindow } from "./window.ts";

export interface FirstStartsOptions {
  readonly log: Pick<EventLog, "partitions">;
  readonly cursors: Pick<DeviceCursors, "furthest">;
  readonly membershipStart: MembershipStart;
  readonly window: EventWindow;
  /** Where a device starts that is owed nothing. */
  readonly stream: StreamPlace;
}

/**
 * Where a device starts in a chat that it never showed, for those who are told what their user missed: where any of his
 * devices that showed this chat last was, else at the event that let him in.
 */
export type FirstStart = (userId: string, chatId: string) => Promise<Offsets>;

export function createFirstStart({ log, cursors, membershipStart, window, stream }: FirstStartsOptions): FirstStart {
  /** What the rows do not know yet is in the window; what is in neither comes, and is told as it comes. */
  function joinedInWindow(userId: string, chatId: string, partition: number): number | null {
    const held = window.from(partition, window.start(partition)) ?? [];
    const joined = held.findLast(
      ({ record }) => record.chatId === chatId && membershipChangeOf(record.event).joined.includes(userId),
    );
    return joined?.offset ?? null;
  }

  return async (userId, chatId) => {
    const furthest = await cursors.furthest(userId, chatId);
    if (furthest !== null) return furthest;
    const partition = partitionOf(chatId, log.partitions);
    const stored = await membershipStart(userId, chatId);
    const start = Math.max(stored ?? -1, joinedInWindow(userId, chatId, partition) ?? -1);
    return start < 0 ? stream.offsets() : stream.offsets().with(partition, start);
  };
}
