import { describe, expect, it } from "@jest/globals";
import { readOptions } from "./command-line.ts";
import { reasonsOf } from "./testing/reasons-of.ts";

const read = (...words: string[]) => readOptions({ offset: "text", reason: "text", force: "flag" }, words);

const faultsOf = (...words: string[]): readonly string[] => reasonsOf(() => read(...words));

describe("a command line", () => {
  it("gives its options, whichever are there", () => {
    expect(read("--offset", "7", "--force", "--reason=why = not")).toEqual({
      offset: "7",
      reason: "why = not",
      force: true,
    });
    expect(read()).toEqual({ offset: undefined, reason: undefined, force: false });
  });

  it("takes a negative number for a value, which its reader refuses by its own words", () => {
    expect(read("--offset", "-1")).toMatchObject({ offset: "-1" });
  });

  it.each([
    [
      ["--nope", "extra"],
      ["--nope is not known here; --help says what is", "extra is not known here; --help says what is"],
    ],
    [["-x"], ["-x is not known here; --help says what is"]],
    [["--toString"], ["--toString is not known here; --help says what is"]],
    [["--", "--force"], ["--force is not known here; --help says what is"]],
    [["--offset"], ["--offset needs a value; --help says which"]],
    [["--offset", "--reason", "why"], ["--offset needs a value; --help says which"]],
    [["--offset", "1", "--offset", "2"], ["--offset is said twice"]],
    [["--force=yes"], ["--force stands alone, without a value"]],
  ])("is refused with a line for each word that has no place: %j", (words, lines) => {
    expect(faultsOf(...words)).toEqual(lines);
  });
});
