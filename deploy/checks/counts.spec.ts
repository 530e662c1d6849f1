import { describe, expect, it } from "@jest/globals";
import { addCounts, countsOfJest, countsOfStep, formatCounts } from "./counts.ts";

const green = {
  numPassedTests: 7,
  numFailedTests: 0,
  numPendingTests: 1,
  numTodoTests: 1,
  numRuntimeErrorTestSuites: 0,
};

describe("the counts of a run", () => {
  it("are the sums of what the steps say", () => {
    const sum = addCounts(countsOfStep(true), countsOfJest(green, true));
    expect(formatCounts(sum)).toBe("8 passed, 0 failed, 2 skipped");
  });

  it("take a spec that could not be loaded for a failed one", () => {
    expect(countsOfJest({ ...green, numFailedTests: 2, numRuntimeErrorTestSuites: 1 }, false).failed).toBe(3);
  });

  it("never say that nothing failed when the run did", () => {
    expect(countsOfJest(green, false).failed).toBe(1);
    expect(countsOfStep(false)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });

  it("refuse a report that is none", () => {
    expect(() => countsOfJest({}, true)).toThrow("numFailedTests");
    expect(() => countsOfJest(null, true)).toThrow("numFailedTests");
  });
});
