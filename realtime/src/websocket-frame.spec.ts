import { describe, expect, it } from "@jest/globals";
import { pingFrame, pongFrame, pongNumber, textFrame } from "./websocket-frame.ts";

describe("a frame", () => {
  // RFC 6455, 5.2: final text; the length in 7 bits, in 16 behind 126, in 64 behind 127; no mask.
  it.each([
    [0, "8100"],
    [125, "817d"],
    [126, "817e007e"],
    [65_535, "817effff"],
    [65_536, "817f0000000000010000"],
  ])("of %i bytes begins with %s", (length, header) => {
    const frame = textFrame("x".repeat(length));
    expect(frame.subarray(0, header.length / 2).toString("hex")).toBe(header);
    expect(frame.subarray(header.length / 2).toString()).toBe("x".repeat(length));
  });

  it("counts bytes, not characters", () => {
    const frame = textFrame("📩 Новое");
    expect(frame[1]).toBe(15);
    expect(frame.subarray(2).toString()).toBe("📩 Новое");
  });

  it("of a ping carries its number, which comes back in the pong", () => {
    const frame = pingFrame(7);
    expect(frame.toString("hex")).toBe("890400000007");
    expect(pongNumber(frame.subarray(2))).toBe(7);
    expect(pongNumber(Buffer.from("unasked"))).toBeNull();
  });

  it("of a pong brings the ping's payload back, an empty one too", () => {
    expect(pongFrame(Buffer.from("abc")).toString("hex")).toBe("8a03616263");
    expect(pongFrame(Buffer.alloc(0)).toString("hex")).toBe("8a00");
  });
});
