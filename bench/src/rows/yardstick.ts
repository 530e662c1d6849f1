import type { Bench } from "../bench.ts";
import { atLeast, atMost, figure, type Line, type Sample } from "../experiment.ts";
import { openRooms, WINDOW } from "./rooms.ts";

/** What bare `ws` did in the runs that the required figures of peers come from: ours are scaled by what it does in this one. */
export const BARE_THERE = { sendsPerSecond: 54_500, roomCpu: 0.34, crowdCpu: 4.0 } as const;

/** How quick this machine is, of the one that the figures come from; from a round of bare `ws` between pairs. */
export const speedOf = (pairs: Sample): number => figure(pairs, "perSecond") / BARE_THERE.sendsPerSecond;

export const slownessOf = (pairs: Sample): number => 1 / speedOf(pairs);

/** What a line asks for, by a figure that comes from there. */
type Scaled = Required<Pick<Line, "required" | "unscaled" | "note">>;

export function atMostThere(value: number, slowness: number): Scaled {
  return { required: atMost(value * slowness), unscaled: value, note: noteOf(value, slowness) };
}

export function atLeastThere(value: number, speed: number): Scaled {
  return { required: atLeast(value * speed), unscaled: value, note: noteOf(value, speed) };
}

const noteOf = (value: number, factor: number): string => `${value.toLocaleString("en")} × ${factor.toFixed(2)}`;

/** Bare `ws` between pairs, for experiments whose own floor was not measured there. */
export async function openYardstick(bench: Bench): Promise<{ floor(): Promise<Sample>; close(): Promise<void> }> {
  const pairs = await openRooms(bench, {
    rooms: bench.options.sizes.pairs,
    members: 2,
    senders: 1,
    window: WINDOW,
  });
  return { floor: pairs.floor, close: pairs.close };
}
