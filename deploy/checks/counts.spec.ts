import { describe, expect, it } from "@jest/globals";
import { addCounts, countsAfterSecondRun, countsOfJest, countsOfStep, failedFiles, formatCounts } from "./counts.ts";

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

  it("let a second run of the failed files stand instead of their first", () => {
    const statuses = (...all: string[]): unknown => all.map((status) => ({ status }));
    const first = {
      ...{ ...green, numPassedTests: 3, numFailedTests: 2 },
      testResults: [
        { name: "/a.spec.ts", status: "passed", assertionResults: statuses("passed", "todo") },
        { name: "/b.spec.ts", status: "failed", assertionResults: statuses("passed", "failed", "pending") },
        { name: "/c.spec.ts", status: "failed", assertionResults: statuses("passed", "failed") },
      ],
    };
    expect(failedFiles(first)).toEqual(["/b.spec.ts", "/c.spec.ts"]);

    const better = { ...green, numPassedTests: 4, numTodoTests: 0 };
    expect(countsAfterSecondRun(first, better, true)).toEqual({ passed: 5, failed: 0, skipped: 2 });
    const notBetter = { ...better, numPassedTests: 3, numFailedTests: 1 };
    expect(countsAfterSecondRun(first, notBetter, false)).toEqual({ passed: 4, failed: 1, skipped: 2 });
  });

  it("refuse a report that is none", () => {
    expect(() => countsOfJest({}, true)).toThrow("numFailedTests");
    expect(() => countsOfJest(null, true)).toThrow("numFailedTests");
  });
});
