import { describe, expect, it } from "@jest/globals";
import { eventShapes } from "./event-schemas.ts";
import { type StoredEvent, upcast, upcasters } from "./upcasters.ts";

const first: StoredEvent = { type: "MessageSent", v: 1, data: { seq: 1 } };
const steps: typeof upcasters = {
  "MessageSent@1": (stored) => ({ ...stored, v: 2, data: { ...(stored.data as object), replyTo: null } }),
  "MessageSent@2": (stored) => ({ ...stored, v: 3, data: { ...(stored.data as object), silent: false } }),
};

describe("upcasting", () => {
  it("goes step by step to the version that is known", () => {
    expect(upcast(first, 3, steps)).toEqual({ ...first, v: 3, data: { seq: 1, replyTo: null, silent: false } });
  });

  it("leaves the newest version alone", () => {
    expect(upcast(first, 1, steps)).toBe(first);
  });

  it("stops where a step is missing or does not go one further", () => {
    expect(upcast(first, 2, {})).toBe(first);
    expect(upcast(first, 2, { "MessageSent@1": (stored) => stored })).toBe(first);
  });

  it("knows a step from every older version to the next", () => {
    const needed = Object.entries(eventShapes).flatMap(([type, shape]) =>
      Array.from({ length: shape.version - 1 }, (_, older) => `${type}@${older + 1}`),
    );
    expect(Object.keys(upcasters).sort()).toEqual(needed.sort());
  });
});
