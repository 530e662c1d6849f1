import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "@chat/shared/testing/free-port";
import { httpRequest, openHttpConnection } from "../driver/http-connection.ts";
import { openSocket } from "../driver/web-socket.ts";
import { atMost, type Experiment, figure, type Sample } from "../experiment.ts";
import type { Bench } from "../bench.ts";
import { makePeople } from "../people.ts";
import { startSilentProgram } from "../processes.ts";

/** Of a session that has ended, on every instance. */
const CLOSED_WITHIN_MS = 1_000;
const SESSIONS = 20;
const GIVEN_UP_AFTER_MS = 10_000;
const STARTED_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 100;

export const revoked: Experiment = {
  name: "revoked",
  open: openRevoked,
  lines: (ours) =>
    (["here", "elsewhere"] as const).map((where) => ({
      work: `a session is ended → 4401 ${where === "here" ? "on the instance that ends it" : "on another instance"}: the longest`,
      unit: "ms",
      floor: null,
      ours: figure(ours, where),
      required: atMost(CLOSED_WITHIN_MS),
    })),
};

/** The program and one realtime beside it, with the same log; everybody has a socket on each. */
async function openRevoked(bench: Bench) {
  const { faults } = bench;
  const port = await freePort();
  const other = startSilentProgram("realtime/src/main.ts", {
    environment: {
      ...{ PORT: String(port), DATABASE_URL: await bench.databaseUrl("chat"), SECRET_KEY: bench.secret },
      ...{ COMMAND_API_URL: `http://127.0.0.1:${bench.port()}`, LOG_LEVEL: "error" },
    },
  });
  await untilReady(port);

  async function ours(): Promise<Sample> {
    let here = 0;
    let elsewhere = 0;
    const connection = await openHttpConnection(bench.port());
    // Whose sessions have ended is of no use for a second round.
    for (const { token } of await makePeople(bench.db(), bench.secret, SESSIONS)) {
      const closedHere = await closing(bench.port(), token);
      const closedElsewhere = await closing(port, token);
      const startedAt = performance.now();
      const { status } = await connection.send(httpRequest("POST", "/api/auth/logout-all", token));
      if (status >= 300) faults.add(`POST: ${status}`);
      here = Math.max(here, (await closedHere.at) - startedAt);
      elsewhere = Math.max(elsewhere, (await closedElsewhere.at) - startedAt);
    }
    connection.close();
    return { here, elsewhere };
  }

  async function closing(at: number, token: string): Promise<{ readonly at: Promise<number> }> {
    const closed = Promise.withResolvers<number>();
    await openSocket(at, `/ws?token=${token}`, (why) => {
      if (!why.startsWith("closed with 4401")) faults.add(`a socket ended: ${why}`);
      closed.resolve(performance.now());
    });
    const timer = setTimeout(() => {
      faults.add("a socket of a session that has ended is still open");
      closed.resolve(performance.now());
    }, GIVEN_UP_AFTER_MS);
    return { at: closed.promise.finally(() => clearTimeout(timer)) };
  }

  return { ours, close: () => other.stop() };
}

async function untilReady(port: number): Promise<void> {
  const deadline = performance.now() + STARTED_WITHIN_MS;
  for (;;) {
    try {
      const connection = await openHttpConnection(port);
      const { status } = await connection.send(httpRequest("GET", "/health/ready", "none"));
      connection.close();
      if (status === 200) return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    if (performance.now() > deadline) throw new Error("the second instance is not ready");
    await sleep(LOOK_EVERY_MS);
  }
}
