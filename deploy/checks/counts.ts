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

/** Absolute paths of the spec files in which something failed, or that could not be loaded, in a report of `jest --json`. */
export function failedFiles(report: unknown): readonly string[] {
  return resultsOf(report).flatMap((result) => (textAt(result, "status") === "failed" ? [textAt(result, "name")] : []));
}

/**
 * The counts of a run whose failed files were run once more: what they said the second time stands instead of what they
 * said the first time.
 */
export function countsAfterSecondRun(first: unknown, second: unknown, succeeded: boolean): Counts {
  const again = countsOfJest(second, succeeded);
  const files = new Set(failedFiles(first));
  const inThem = resultsOf(first)
    .filter((result) => files.has(textAt(result, "name")))
    .flatMap((result) => arrayAt(result, "assertionResults"));
  const countOf = (...statuses: string[]): number =>
    inThem.filter((test) => statuses.includes(textAt(test, "status"))).length;
  return {
    passed: numberAt(first, "numPassedTests") - countOf("passed") + again.passed,
    failed: again.failed,
    skipped:
      numberAt(first, "numPendingTests") +
      numberAt(first, "numTodoTests") -
      countOf("pending", "todo", "skipped") +
      again.skipped,
  };
}

export function formatCounts({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

const resultsOf = (report: unknown): readonly unknown[] => arrayAt(report, "testResults");

function numberAt(report: unknown, key: string): number {
  const value = valueAt(report, key);
  if (typeof value !== "number") throw new TypeError(`a report of jest has no number ${key}`);
  return value;
}

function arrayAt(report: unknown, key: string): readonly unknown[] {
  const value = valueAt(report, key);
  if (!Array.isArray(value)) throw new TypeError(`a report of jest has no list ${key}`);
  return value;
}

function textAt(report: unknown, key: string): string {
  const value = valueAt(report, key);
  if (typeof value !== "string") throw new TypeError(`a report of jest has no text ${key}`);
  return value;
}

function valueAt(report: unknown, key: string): unknown {
  return typeof report === "object" && report !== null ? Reflect.get(report, key) : undefined;
}
