import { describe, expect, it } from "@jest/globals";
import { closeSpread } from "./close-spread.ts";

/** Sockets that answer a farewell at once, and how many got theirs in each turn of the loop. */
function sockets(count: number) {
  const open = new Set<{ close: () => void; terminate: () => void }>();
  const closedPerTurn: number[] = [];
  let thisTurn = 0;
  for (let index = 0; index < count; index += 1) {
    const one = {
      close() {
        if (thisTurn === 0)
          setImmediate(() => {
            closedPerTurn.push(thisTurn);
            thisTurn = 0;
          });
        thisTurn += 1;
        open.delete(one);
      },
      terminate: () => expect("a socket that answered").toBe("left alone"),
    };
    open.add(one);
  }
  return { open, closedPerTurn };
}

describe("the sockets of an instance that stops", () => {
  it.each([
    [400, 20],
    [5_000, 50],
  ])(
    "are closed some at a time, %i in steps of at most %i, so that they do not all come back at one moment",
    async (count, most) => {
      const { open, closedPerTurn } = sockets(count);
      await closeSpread(open);
      await new Promise((resolve) => void setImmediate(resolve));
      expect(open.size).toBe(0);
      expect(closedPerTurn).toEqual(Array.from({ length: count / most }, () => most));
    },
  );
});
