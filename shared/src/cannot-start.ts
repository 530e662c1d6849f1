/**
 * A reason not to start that whoever started the program can mend: a bad variable, a busy port, a folder in use.
 * It is printed as it is, without a stack, and the program ends with 1.
 */
export class CannotStart extends Error {
  override readonly name: string = "CannotStart";
  /** A line for each thing to mend. */
  readonly reasons: readonly string[];

  constructor(reasons: string | readonly string[], options?: ErrorOptions) {
    const lines = typeof reasons === "string" ? [reasons] : reasons;
    super(lines.join("\n"), options);
    this.reasons = lines;
  }
}

/** Waits for all of them, and throws one `CannotStart` with all reasons; whatever else one of them throws comes first. */
export async function allOrEveryReason(checks: readonly Promise<unknown>[]): Promise<void> {
  const reasons = await everyReason(checks);
  if (reasons.length > 0) throw new CannotStart(reasons);
}

/** What these checks say that keeps a program from starting, each line once. Throws what else goes wrong. */
export async function everyReason(checks: readonly Promise<unknown>[]): Promise<readonly string[]> {
  const reasons = new Set<string>();
  for (const outcome of await Promise.allSettled(checks)) {
    if (outcome.status === "fulfilled") continue;
    const error: unknown = outcome.reason;
    if (!(error instanceof CannotStart)) throw error;
    for (const reason of error.reasons) reasons.add(reason);
  }
  return [...reasons];
}
