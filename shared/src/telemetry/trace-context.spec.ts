import { describe, expect, it } from "@jest/globals";
import { encodeEvent } from "../events/event-record.ts";
import { continueTrace, traceIdIn, traceIdOf } from "./trace-context.ts";

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const wellFormed = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

describe("a trace", () => {
  it("goes on as the caller's, with a parent of our own and the caller's flags", () => {
    const ours = continueTrace(`00-${traceId}-00f067aa0ba902b7-01`);
    expect(ours).toMatch(wellFormed);
    expect(ours.startsWith(`00-${traceId}-`)).toBe(true);
    expect(ours.endsWith("-01")).toBe(true);
    expect(ours).not.toContain("00f067aa0ba902b7");
  });

  it("goes on from a later version of the header, as far as it is known here", () => {
    expect(traceIdOf(continueTrace(`cc-${traceId}-00f067aa0ba902b7-01-what-comes`))).toBe(traceId);
  });

  it.each([
    ["nothing", undefined],
    ["two headers", ["a", "b"]],
    ["no header of its kind", "hello"],
    ["capitals", `00-${traceId.toUpperCase()}-00f067aa0ba902b7-01`],
    ["the forbidden version", `ff-${traceId}-00f067aa0ba902b7-01`],
    ["a trace of zeros", `00-${"0".repeat(32)}-00f067aa0ba902b7-01`],
    ["a parent of zeros", `00-${traceId}-${"0".repeat(16)}-01`],
    ["a line of its own", `00-${traceId}-00f067aa0ba902b7-01\nmore`],
  ])("begins anew after %s", (_what, header) => {
    const ours = continueTrace(header);
    expect(ours).toMatch(wellFormed);
    expect(ours).not.toContain(traceId);
    expect(continueTrace(header)).not.toBe(ours);
  });

  it("is found in an event as it stands in the log, and in nothing else", () => {
    const traceParent = continueTrace(`00-${traceId}-00f067aa0ba902b7-01`);
    const record = {
      id: "e1",
      chatId: "c1",
      version: 1,
      actor: "1",
      at: "2026-01-01T00:00:00.000Z",
      commandId: "k1",
      idempotencyKey: null,
      requestHash: null,
      traceParent,
      event: { type: "ChatDeleted" },
    } as const;
    expect(traceIdIn(encodeEvent(record))).toBe(traceId);
    expect(traceIdIn(encodeEvent({ ...record, traceParent: null }))).toBeUndefined();
    expect(traceIdIn("not even JSON")).toBeUndefined();
  });
});
