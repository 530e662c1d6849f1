import { describe, expect, it } from "@jest/globals";
import { reasonsOf } from "@chat/shared/testing/reasons-of";
import { readSkipRequest } from "./skip-request.ts";

const faultsOf = (...words: string[]): readonly string[] => reasonsOf(() => readSkipRequest(words));

describe("the order to skip an event", () => {
  it("names it and says why", () => {
    expect(readSkipRequest(["--partition", "3", "--offset", "4711", "--reason", "why"])).toEqual({
      partition: 3,
      offset: 4711,
      reason: "why",
    });
  });

  it.each(["-1", "1e3", "1.0", "0x1", "", " 1", "9".repeat(16)])("names none by %j", (offset) => {
    const line = `--offset is ${JSON.stringify(offset)}; expected a whole number`;
    expect(faultsOf("--partition", "3", "--offset", offset, "--reason", "why")).toEqual([line]);
  });

  it("hears of each option that is missing", () => {
    expect(faultsOf("--reason", " ")).toEqual([
      "--partition is missing; expected a whole number, as in --partition 3",
      "--offset is missing; expected a whole number, as in --offset 3",
      '--reason is missing; expected a text, as in --reason "why"',
    ]);
  });
});
