import { partitionOf } from "@chat/shared/partitions/partition-of";
import type { Place } from "@chat/shared/partitions/ownership";
import { Rejection } from "@chat/shared/rejection";
import type { Wakeup } from "@chat/shared/wakeup";
import type { Clock } from "./clock.ts";
import type { CommandOutcome, CommandRequest } from "./command-request.ts";
import { NotTaken, type Forwarder } from "./forward.ts";
import type { OwnedPartitions } from "./owned-partitions.ts";
import { maxAnswerMs, maxHandOverMs } from "./owner-limits.ts";
import { overloaded, unavailable } from "./waiting-commands.ts";

/** Commands that are on their way to other instances, or look for one. */
const maxUnderWay = 10_000;
/** An owner says itself within `maxAnswerMs` that it is too late; its word tells more than our silence. */
const answerGraceMs = 500;
/** Where nobody took a command, it is not asked again before this, unless the leases have changed. */
const askAgainMs = 50;

interface Dependencies {
  readonly partitions: number;
  readonly owned: Pick<OwnedPartitions, "owns" | "submit">;
  readonly placeOf: (partition: number) => Place;
  /** The leases seem to have changed: they are to be read at once. */
  readonly refresh: () => void;
  readonly changed: Pick<Wakeup, "next">;
  readonly forward: Forwarder["forward"];
  readonly clock: Clock;
  /** Told of each command that another instance was asked for. */
  readonly observe: (outcome: "answered" | "refused" | "not taken" | "unknown") => void;
}

/**
 * Has each command decided by whoever owns its chat's partition: here, or there by one hop over HTTP. While nobody owns it,
 * as between two owners, the command waits; after `maxHandOverMs` it is refused as surely not done, and after `maxAnswerMs` when
 * there is no instance that could own it.
 *
 * Commands of one actor in one chat keep their order, wherever they are decided: those that leave this process, or wait, go one after
 * the other. Commands of different people have none before they are answered.
 */
export function createCommandRouter(dependencies: Dependencies): (request: CommandRequest) => Promise<CommandOutcome> {
  const { partitions, owned, placeOf, refresh, changed, forward, clock, observe } = dependencies;
  const lanes = new Map<string, Promise<unknown>>();
  let underWay = 0;

  async function inLane(lane: string, request: CommandRequest, begunAt: number): Promise<CommandOutcome> {
    if (underWay >= maxUnderWay) throw overloaded();
    underWay += 1;
    const answered = (lanes.get(lane) ?? Promise.resolve()).then(() => route(request, begunAt));
    const over = answered.then(nothing, nothing);
    lanes.set(lane, over);
    try {
      return await answered;
    } finally {
      underWay -= 1;
      if (lanes.get(lane) === over) lanes.delete(lane);
    }
  }

  async function route(request: CommandRequest, begunAt: number): Promise<CommandOutcome> {
    const partition = partitionOf(request.chatId, partitions);
    for (;;) {
      const outcome = await ask(partition, request);
      if (outcome !== null) return outcome;
      const left = begunAt + patienceFor(partition) - clock.now();
      if (left <= 0) throw unavailable();
      await changed.next(Math.min(askAgainMs, left));
    }
  }

  /** When nobody can do the work, as while the log is away, waiting for an owner is of no use. */
  function patienceFor(partition: number): number {
    const place = placeOf(partition);
    return place.at === "nowhere" && !place.mayBeTaken ? maxAnswerMs : maxHandOverMs;
  }

  /** Null when it was surely not done and may be asked of somebody else. */
  async function ask(partition: number, request: CommandRequest): Promise<CommandOutcome | null> {
    if (owned.owns(partition)) return owned.submit(request).catch(nullIfNotOwner);
    const place = placeOf(partition);
    if (place.at !== "there") return null;
    try {
      const outcome = await forward(place.url, request, maxAnswerMs + answerGraceMs);
      observe("answered");
      return outcome;
    } catch (error) {
      if (!(error instanceof NotTaken)) {
        observe(error instanceof Rejection && error.code === "outcome_unknown" ? "unknown" : "refused");
        throw error;
      }
      observe("not taken");
      refresh();
      return null;
    }
  }

  return (request) => {
    const lane = `${request.chatId} ${request.actor}`;
    const begunAt = clock.now();
    if (lanes.has(lane) || !owned.owns(partitionOf(request.chatId, partitions))) return inLane(lane, request, begunAt);
    // Those that wait here are decided in order, without one waiting for the other's answer.
    return owned
      .submit(request)
      .catch(async (error: unknown) => nullIfNotOwner(error) ?? inLane(lane, request, begunAt));
  };
}

function nullIfNotOwner(error: unknown): null {
  if (error instanceof Rejection && error.code === "not_owner") return null;
  throw error;
}

const nothing = (): void => undefined;
