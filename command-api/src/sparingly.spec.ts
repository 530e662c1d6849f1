import { describe, expect, it } from "@jest/globals";
import { createSparingly } from "./sparingly.ts";

describe("what goes wrong again and again", () => {
  it("is said once, then once per period with the count of what was left out, each kind by itself", () => {
    let now = 0;
    const { unsaid } = createSparingly(1_000, () => now);
    expect([unsaid("a"), unsaid("a"), unsaid("b"), unsaid("a")]).toEqual([0, null, 0, null]);
    now = 1_000;
    expect([unsaid("a"), unsaid("a"), unsaid("b")]).toEqual([2, null, 0]);
  });
});
