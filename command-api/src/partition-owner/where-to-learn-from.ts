import type { EventLog } from "@chat/shared/log/event-log";
import type { Position } from "@chat/shared/log/position";
import type { RoomForEvents } from "./owner-limits.ts";
import type { PartitionState } from "./partition-state.ts";

interface Candidate {
  readonly log: EventLog;
  readonly partition: number;
  readonly state: PartitionState;
  readonly room: RoomForEvents;
  /** How far the read models are in this partition. */
  readonly checkpoint: () => Promise<Position>;
}

/**
 * Where somebody who stands for election begins to read: at what he knows, if that is near, else where the read models
 * are. "lagging" while those are too far behind to hold the rest in memory; "stuck" while they stand before an event that
 * could not be taken in.
 */
export async function whereToLearnFrom({
  log,
  partition,
  state,
  room,
  checkpoint,
}: Candidate): Promise<Position | "lagging" | "stuck"> {
  const stuckAt = state.stuckAt();
  if (stuckAt !== null && (await checkpoint()).offset <= stuckAt) return "stuck";
  const end = (await log.ends())[partition] ?? 0;
  const known = state.known();
  const near = known !== null && stuckAt === null && end - known.offset <= room.maxTailEvents;
  if (near && state.tail().bytes() <= room.maxTailBytes) return known;
  const projected = await checkpoint();
  if (end - projected.offset > room.maxTailEvents) return "lagging";
  state.beginAnew(projected);
  return projected;
}
