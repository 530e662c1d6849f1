import { CannotStart } from "../cannot-start.ts";

/** Why `start` says that it cannot; empty when it can. Any other error is thrown on. */
export function reasonsOf(start: () => unknown): readonly string[] {
  try {
    start();
    return [];
  } catch (error) {
    if (error instanceof CannotStart) return error.reasons;
    throw error;
  }
}
