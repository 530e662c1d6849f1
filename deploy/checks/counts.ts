export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const nothingRan: Counts = { passed: 0, failed: 0, skipped: 0 };

export function addCounts(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** A check that is no spec counts as one. */
export function countsOfStep(succeeded: boolean): Counts {
  return { ...nothingRan, ...(succeeded ? { passed: 1 } : { failed: 1 }) };
}

/**
 * What a report of `jest --json` says. A file that could not even be loaded counts as one failed test, and a run that
 * failed without any failed test (no specs found, a worker that died) as one too: red must never look like green.
 */
export function countsOfJest(report: unknown, succeeded: boolean): Counts {
  const failed = numberAt(report, "numFailedTests") + numberAt(report, "numRuntimeErrorTestSuites");
  return {
    passed: numberAt(report, "numPassedTests"),
    failed: failed === 0 && !succeeded ? 1 : failed,
    skipped: numberAt(report, "numPendingTests") + numberAt(report, "numTodoTests"),
  };
}

export function formatCounts({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

function numberAt(report: unknown, key: string): number {
  const value: unknown = typeof report === "object" && report !== null ? Reflect.get(report, key) : undefined;
  if (typeof value !== "number") throw new TypeError(`a report of jest has no number ${key}`);
  return value;
}
