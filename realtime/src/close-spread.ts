import { setTimeout as sleep } from "node:timers/promises";
import type { Connection } from "./connection.ts";

/** How long a stop waits for the clients' answers. */
const STOP_WITHIN_MS = 3_000;
/** On stopping, sockets are closed in steps over at most this time, so that they do not all come back at one moment. */
const SPREAD_MS = 2_000;
const SPREAD_STEP_MS = 20;
const MIN_CLOSED_PER_STEP = 20;

/** Closes all sockets before a stop, spread in time, and cuts off those that do not answer. */
export async function closeSpread(connections: ReadonlySet<Pick<Connection, "close" | "terminate">>): Promise<void> {
  const all = [...connections];
  const perStep = Math.max(MIN_CLOSED_PER_STEP, Math.ceil((all.length * SPREAD_STEP_MS) / SPREAD_MS));
  for (let first = 0; first < all.length; first += perStep) {
    if (first > 0) await sleep(SPREAD_STEP_MS);
    for (const connection of all.slice(first, first + perStep)) connection.close("restart");
  }
  const until = performance.now() + STOP_WITHIN_MS;
  while (connections.size > 0 && performance.now() < until) await sleep(SPREAD_STEP_MS);
  for (const connection of connections) connection.terminate();
}
