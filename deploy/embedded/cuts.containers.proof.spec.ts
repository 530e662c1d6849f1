import { afterAll, beforeAll, describe, it, jest } from "@jest/globals";
import { afterAllSpecs, beforeAllSpecs } from "@chat/shared/testing/spec-run";
import { checkCuts } from "./testing/cuts/check-cuts.ts";

jest.setTimeout(360_000);
/** The long run is `npm run cuts -- --log kafka`. */
const CUTS = 100;
/** What does not get there in this time fails, and says how far it got. */
const WITHIN_MS = 240_000;

beforeAll(beforeAllSpecs);
afterAll(afterAllSpecs);
describe("a device whose connection is cut again and again, with the log in Kafka", () => {
  it("hears everything: once and in order with a cursor, at least once without", () =>
    checkCuts("kafka", { cuts: CUTS, withinMs: WITHIN_MS }));
});
