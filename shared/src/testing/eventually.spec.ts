import { describe, expect, it } from "@jest/globals";
import { eventually } from "./eventually.ts";

describe("eventually", () => {
  it("returns what the first look that does not throw returned", async () => {
    let looks = 0;
    const seen = await eventually(() => {
      looks += 1;
      if (looks < 3) throw new Error("too early");
      return looks;
    });
    expect(seen).toBe(3);
  });

  it("explains what was last seen when the time is over", async () => {
    const waiting = eventually(() => expect(["alice"]).toContain("bob"), { within: 50 });
    await expect(waiting).rejects.toThrow(/not within 50 ms[^]*alice/);
  });

  it("does not hang on a look that hangs", async () => {
    const waiting = eventually(() => new Promise(() => undefined), { within: 50 });
    await expect(waiting).rejects.toThrow("the check has not answered");
  });
});
