import { expect, it } from "@jest/globals";
import { pino } from "pino";
import { eventually } from "../testing/eventually.ts";
import { withPostgres } from "../testing/with-postgres.ts";
import { createNotifyWakeup } from "./notify-wakeup.ts";

/** Long enough for any wake to come before it. */
const patienceMs = 60_000;
const log = pino({ level: "silent" });

it("wakes those who wait in other processes, on its own channel only", () =>
  withPostgres(async ({ url }) => {
    const [here, there, elsewhere] = ["chat_log", "chat_log", "other"].map((channel) =>
      createNotifyWakeup({ url, channel, log }),
    );
    if (here === undefined || there === undefined || elsewhere === undefined) throw new Error("three were made");
    for (const wakeup of [here, there, elsewhere]) await wakeup.start();
    let woken = false;
    const stop = new AbortController();
    const unrelated = elsewhere.next(patienceMs, stop.signal).then(() => (woken = !stop.signal.aborted));
    const waiting = there.next(patienceMs);
    here.wake();
    await waiting;
    stop.abort();
    await unrelated;
    expect(woken).toBe(false);
    for (const wakeup of [here, there, elsewhere]) await wakeup.stop();
  }));

it("listens again after its connection was cut", () =>
  withPostgres(async ({ url, pool }) => {
    const wakeup = createNotifyWakeup({ url, channel: "chat_log", log });
    await wakeup.start();
    await pool.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'wakeup chat_log'",
    );
    let wakes = 0;
    const stop = new AbortController();
    const listening = (async () => {
      while (!stop.signal.aborted) {
        await wakeup.next(patienceMs, stop.signal);
        if (!stop.signal.aborted) wakes += 1;
      }
    })();
    await eventually(async () => {
      await pool.query("NOTIFY chat_log");
      expect(wakes).toBeGreaterThan(1);
    });
    stop.abort();
    await listening;
    await wakeup.stop();
  }));
