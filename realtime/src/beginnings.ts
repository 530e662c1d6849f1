import { decodeCursor, shortLogId } from "@chat/shared/log/cursor";
import type { EventLog } from "@chat/shared/log/event-log";
import { partitionOf } from "@chat/shared/partitions/partition-of";
import { Rejection } from "@chat/shared/rejection";
import type { DeviceCursors } from "./device-cursors.ts";
import type { DeviceKey } from "./device-cursors-rows.ts";
import type { FirstStart } from "./first-start.ts";
import { hasReached, onlyOf, type Offsets } from "./offsets.ts";
import type { StreamPlace } from "./pushes.ts";
import type { Tail } from "./tail.ts";

/** Another instance was quicker: this one gets there within a moment, or something is wrong with it. */
const TAIL_WITHIN_MS = 5_000;

/** Where a device's stream begins. Of a stream of one chat, the offset of that chat's partition counts, and no other. */
export interface Beginning {
  readonly offsets: Offsets;
  /** It begins where the device was, so that it misses nothing. */
  readonly resumed: boolean;
  /** What the device knows is of another log: it must fetch a snapshot. */
  readonly resync: boolean;
  /** The client itself has said where it is. */
  readonly exact: boolean;
}

export interface BeginningsOptions {
  readonly log: Pick<EventLog, "id" | "partitions" | "ends">;
  readonly cursors: Pick<DeviceCursors, "find">;
  readonly tail: Pick<Tail, "reached">;
  readonly stream: StreamPlace;
  readonly whereTheUserWas: FirstStart;
}

export interface Beginnings {
  /**
   * `cursor`: the one that the client names, else the stored one counts. The tail has reached what it resolves with.
   * Rejects with `validation_failed` for a cursor that no instance of this log has given, unless it can be of the log that was
   * here before, and with `unavailable` when the tail does not get there in time. `newDeviceStarts`: of a stream of one chat.
   */
  find(key: DeviceKey, cursor: string | null, newDeviceStarts?: "now" | "where the user was"): Promise<Beginning>;
}

export function createBeginnings(options: BeginningsOptions): Beginnings {
  const { log, cursors, tail, stream, whereTheUserWas } = options;
  const logName = shortLogId(log.id);

  async function firstStart({ userId, chatId }: DeviceKey, asUser: boolean): Promise<Offsets> {
    if (chatId === null) return stream.offsets();
    const offsets = asUser ? await whereTheUserWas(userId, chatId) : stream.offsets();
    return onlyOf(partitionOf(chatId, log.partitions), offsets);
  }

  async function find(key: DeviceKey, cursor: string | null, newDeviceStarts: string): Promise<Beginning> {
    if (cursor === null) {
      const { status, offsets } = await cursors.find(key, (unknown) =>
        firstStart(key, unknown === "new" && newDeviceStarts === "where the user was"),
      );
      return { offsets, resumed: status === "known", resync: status === "other log", exact: false };
    }
    const named = decodeCursor(cursor);
    if (named === null) throw wrong("is no cursor: it is given by `ready`, `at` and Chat-Position");
    const { offsets } = named;
    // First: an installation's number of partitions never changes, so this is no cursor of a log that it once had.
    if (offsets.length !== log.partitions) throw wrong("is of a log with another number of partitions");
    if (named.log !== logName) return { offsets: stream.offsets(), resumed: false, resync: true, exact: true };
    // Only who is ahead of what was told here can be beyond the end, so nobody else costs a look at the log.
    if (!hasReached(stream.offsets(), offsets) && !hasReached(await log.ends(), offsets)) {
      throw wrong("lies beyond the end of the log");
    }
    return { offsets, resumed: true, resync: false, exact: true };
  }

  return {
    async find(key, cursor, newDeviceStarts = "now") {
      const beginning = await find(key, cursor, newDeviceStarts);
      if (await tail.reached(new Map(beginning.offsets.entries()), TAIL_WITHIN_MS)) return beginning;
      throw new Rejection("unavailable", "This instance has not got as far as this device: come back in a moment.");
    },
  };
}

function wrong(detail: string): Rejection {
  return new Rejection("validation_failed", `cursor ${detail}.`, {
    errors: [{ in: "query", pointer: "/cursor", detail }],
  });
}
