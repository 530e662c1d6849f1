import { describe, expect, it } from "@jest/globals";
import { createMetrics } from "./metrics.ts";

describe("metrics", () => {
  it("gives the same number to all who ask for its name", async () => {
    const metrics = createMetrics();
    metrics.counter("events_total", "Events.", ["type"]).inc({ type: "MessageSent" });
    metrics.counter("events_total", "Events.", ["type"]).inc({ type: "MessageSent" }, 2);
    expect((await metrics.page()).body).toContain('events_total{type="MessageSent"} 3');
  });

  it("asks a gauge when somebody reads it", async () => {
    const metrics = createMetrics();
    let lag = 1;
    metrics.gauge("lag", "Records behind.", { collect: (gauge) => gauge.set(lag) });
    lag = 7;
    expect((await metrics.page()).body).toContain("lag 7");
  });

  it("shares nothing between two processes in one", async () => {
    createMetrics().counter("events_total", "Events.").inc();
    expect((await createMetrics().page()).body.trim()).toBe("");
  });

  it("tells about the process when asked", async () => {
    expect((await createMetrics({ process: true }).page()).body).toContain("process_cpu_user_seconds_total");
  });
});
