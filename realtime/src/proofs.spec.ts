import { beforeEach, describe, expect, it } from "@jest/globals";
import type { Offsets } from "./offsets.ts";
import { createProofs, type Proofs } from "./proofs.ts";
import type { DeviceStream } from "./streams.ts";

describe("what has arrived", () => {
  let told: number;
  let proven: Offsets[];
  let proofs: Proofs;

  beforeEach(() => {
    told = 0;
    proven = [];
    const stream: DeviceStream = {
      chatId: null,
      place: { offsets: () => [told], cursor: () => "" },
      cursor: {
        prove: (offsets) => void proven.push(offsets),
        proven: () => proven.at(-1) ?? [],
        heard: () => undefined,
        end: () => undefined,
      },
      over: false,
    };
    proofs = createProofs(new Map([[null, stream]]));
  });

  it("is what was told before the ping that was answered", () => {
    told = 1;
    expect(proofs.asks("heartbeat", 1)).toBe(true);
    told = 2;
    proofs.ponged(1);
    expect(proven).toEqual([[1]]);
  });

  it("is not asked a second time while an answer is due, and a heartbeat finds that it is", () => {
    expect(proofs.asks("heartbeat", 1)).toBe(true);
    expect([proofs.asks("proof", 2), proofs.asks("heartbeat", 26)]).toEqual([false, false]);
    proofs.ponged(1);
    expect(proofs.asks("heartbeat", 26)).toBe(true);
  });

  it("may be asked between heartbeats, and no heartbeat takes that for one of its own that was missed", () => {
    expect([proofs.asks("proof", 1), proofs.asks("heartbeat", 2)]).toEqual([true, true]);
    proofs.ponged(1);
    expect(proofs.asks("heartbeat", 27)).toBe(false);
  });

  it("is all of it where only the last of several pings is answered", () => {
    proofs.asks("proof", 1);
    told = 5;
    proofs.asks("heartbeat", 2);
    proofs.ponged(2);
    proofs.ponged(1);
    expect(proven).toEqual([[5]]);
    expect(proofs.asks("proof", 3)).toBe(true);
  });
});
