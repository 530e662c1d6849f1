import { describe, expect, it } from "@jest/globals";
import { drawRandom, randomHex } from "./random.ts";

describe("random bytes", () => {
  it("are never handed out twice, across many draws of any length", () => {
    const seen = new Set<string>();
    const lengths = Array.from({ length: 2_000 }, (_, index) => 8 + (index % 17));
    for (const length of lengths) {
      seen.add(Buffer.from(drawRandom(length)).toString("hex"));
      seen.add(randomHex(length));
    }
    expect(seen.size).toBe(2 * lengths.length);
    expect(new Set([...seen].map((hex) => hex.slice(0, 16))).size).toBe(seen.size);
  });

  it("stay as they are when others are drawn", () => {
    const bytes = drawRandom(16);
    const before = [...bytes];
    for (let count = 0; count < 1_000; count += 1) drawRandom(16);
    expect([...bytes]).toEqual(before);
  });

  it("come in the asked length", () => {
    expect(drawRandom(16)).toHaveLength(16);
    expect(randomHex(8)).toMatch(/^[0-9a-f]{16}$/);
    expect(() => drawRandom(5_000)).toThrow(RangeError);
  });
});
