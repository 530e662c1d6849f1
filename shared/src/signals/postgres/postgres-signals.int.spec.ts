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
