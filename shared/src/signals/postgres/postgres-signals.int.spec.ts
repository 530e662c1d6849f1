import { expect, it } from "@jest/globals";
import { createLogger } from "../../telemetry/logger.ts";
import { eventually } from "../../testing/eventually.ts";
import { withPostgres } from "../../testing/with-postgres.ts";
import { beat, describeSignals, listening } from "../signals.contract.ts";
import type { SignalsService } from "../signals.ts";
import { createPostgresSignals } from "./postgres-signals.ts";

const log = createLogger({ service: "spec", level: "silent" });

describeSignals("NOTIFY", (use) =>
  withPostgres(async ({ url }) => {
    const opened: SignalsService[] = [];
    try {
      await use(async () => {
        const signals = createPostgresSignals({ url, log });
        opened.push(signals);
        await signals.start();
        return signals;
      });
    } finally {
      for (const signals of opened) await signals.stop();
    }
  }),
);

it("come back by themselves after a lost connection", () =>
  withPostgres(async ({ url, pool }) => {
    const signals = createPostgresSignals({ url, log });
    await signals.start();
    const { numbersOf } = await listening(signals);
    await pool.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'signals'");
    await eventually(
      () => {
        signals.publish(beat("again", 1));
        expect(numbersOf("again").length).toBeGreaterThan(0);
      },
      { within: 30_000 },
    );
    await signals.stop();
  }));

it("does not queue behind a database that is silent: what could not be said in time is not said later", () =>
  withPostgres(async ({ url, pool }) => {
    const speaking = createPostgresSignals({ url, log });
    await speaking.start();
    const { rows } = await pool.query<{ pid: number }>(
      "SELECT pid FROM pg_stat_activity WHERE application_name = 'signals'",
    );
    const hearing = createPostgresSignals({ url, log });
    await hearing.start();
    const { numbersOf } = await listening(hearing);

    for (const { pid } of rows) process.kill(pid, "SIGSTOP");
    try {
      for (const number of [1, 2]) {
        speaking.publish(beat("silent", number));
        await eventually(() => expect(speaking.lost()).toBe(number), { within: 30_000 });
      }
    } finally {
      for (const { pid } of rows) process.kill(pid, "SIGCONT");
    }
    await eventually(
      () => {
        speaking.publish(beat("silent", 3));
        expect(numbersOf("silent")).toContain(3);
      },
      { within: 30_000 },
    );
    // The first was on its way.
    expect([...new Set(numbersOf("silent"))]).toEqual([1, 3]);
    await speaking.stop();
    await hearing.stop();
  }));
