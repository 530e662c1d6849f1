import { describe, expect, it } from "@jest/globals";
import { fullBucket, takeToken } from "./flood-bucket.ts";

const limits = { burst: 3, perSecond: 2 };

function verdicts(bucket: ReturnType<typeof fullBucket>, count: number, now: number): string[] {
  return Array.from({ length: count }, () => takeToken(bucket, limits, now));
}

describe("the flood bucket", () => {
  it("takes a burst, then warns, then closes", () => {
    const taken = verdicts(fullBucket(limits, 0), 24, 0);
    expect(taken.slice(0, 4)).toEqual(["accept", "accept", "accept", "refuse"]);
    expect(taken.slice(4)).toEqual([...Array.from({ length: 19 }, () => "refuse"), "close"]);
  });

  it("refills with time, up to a burst and no further", () => {
    const bucket = fullBucket(limits, 0);
    verdicts(bucket, 3, 0);
    expect(verdicts(bucket, 2, 500)).toEqual(["accept", "refuse"]);
    expect(verdicts(bucket, 4, 1_000_000)).toEqual(["accept", "accept", "accept", "refuse"]);
  });

  it("lets go on for ever who keeps to the rate", () => {
    const bucket = fullBucket(limits, 0);
    for (let now = 0; now < 100_000; now += 500) expect(takeToken(bucket, limits, now)).toBe("accept");
  });
});
