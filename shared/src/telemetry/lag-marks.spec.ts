import { describe, expect, it } from "@jest/globals";
import { createLagMarks } from "./lag-marks.ts";

describe("a reader's lag in time", () => {
  it("is nothing for one who has read everything, however long nothing was written", () => {
    const marks = createLagMarks();
    expect(marks.measure(10, 10, 0)).toBe(0);
    expect(marks.measure(10, 10, 3_600_000)).toBe(0);
  });

  it("counts from when the log first held what is not read, not from when the reader last moved", () => {
    const marks = createLagMarks();
    marks.measure(10, 10, 0);
    expect(marks.measure(11, 10, 1_000)).toBe(0);
    expect(marks.measure(20, 10, 2_000)).toBe(1_000);
    expect(marks.measure(30, 11, 5_000)).toBe(3_000);
    expect(marks.measure(30, 20, 6_000)).toBe(1_000);
    expect(marks.measure(30, 30, 7_000)).toBe(0);
  });

  it("grows as long as the reader stands still, and is never said too small", () => {
    const marks = createLagMarks();
    let end = 0;
    for (let now = 0; now < 1_000_000; now += 1_000) expect(marks.measure((end += 5), 0, now)).toBe(now);
    // Reached what the log held after 500 s: what is lacking is at most 500 s old, or a little more by what was taken for one.
    const lag = marks.measure(end, 2_505, 1_000_000);
    expect(lag).toBeGreaterThanOrEqual(499_000);
    expect(lag).toBeLessThan(550_000);
  });
});
