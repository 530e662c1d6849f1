import { describe, expect, it } from "@jest/globals";
import type { MessagesFullyRead } from "./chat-events.ts";
import { fullyReadRange, fullyReadSpan } from "./fully-read-ranges.ts";

const event: MessagesFullyRead = {
  type: "MessagesFullyRead",
  from: 2,
  upTo: 5,
  slowest: "8",
  slowestFrom: 3,
  slowestUpTo: 7,
  former: { userId: "9", from: 4 },
};

describe("what one MessagesFullyRead settles", () => {
  it("is, for the slowest reader's own messages, what all others have read", () => {
    expect(fullyReadRange(event, "8")).toEqual({ from: 3, upTo: 7 });
  });

  it("is, for the former slowest, only what was not settled while he was it", () => {
    expect(fullyReadRange(event, "9")).toEqual({ from: 4, upTo: 5 });
  });

  it("is, for everybody else, what everyone has read since", () => {
    expect(fullyReadRange(event, "7")).toEqual({ from: 2, upTo: 5 });
  });

  it("is nothing for authors whose watermark stays", () => {
    expect(fullyReadRange({ ...event, former: { userId: "9", from: 5 } }, "9")).toBeNull();
    expect(fullyReadRange({ ...event, former: { userId: "9", from: 6 } }, "9")).toBeNull();
    expect(fullyReadRange({ ...event, from: 5 }, "7")).toBeNull();
  });

  it("lies in one span", () => {
    expect(fullyReadSpan(event)).toEqual({ from: 2, upTo: 7 });
    expect(fullyReadSpan({ ...event, from: 5, former: null })).toEqual({ from: 3, upTo: 7 });
    expect(fullyReadSpan({ ...event, from: 5, slowestUpTo: 3 })).toEqual({ from: 4, upTo: 5 });
    expect(fullyReadSpan({ ...event, from: 5, slowestUpTo: 3, former: null })).toEqual({ from: 5, upTo: 5 });
  });
});
