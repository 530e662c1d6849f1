import { describe, it, jest } from "@jest/globals";
import { checkCuts } from "./testing/cuts/check-cuts.ts";

jest.setTimeout(600_000);
/** Half a minute on a machine with twenty others' work; what does not get there in this time fails, and says how far it got. */
const WITHIN_MS = 300_000;
/** A slice of what `npm run cuts` does: together a thousand. */
const CUTS_EACH = 500;

describe("a device whose connection is cut again and again, at any byte", () => {
  it.each(["memory", "postgres"] as const)(
    "hears everything, with the log in %s: once with a cursor, at least once without",
    (kind) => checkCuts(kind, { cuts: CUTS_EACH, withinMs: WITHIN_MS }),
  );
});
