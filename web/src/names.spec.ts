import { describe, expect, it } from "@jest/globals";
import { comparerOfNames, initialsOf } from "./names.ts";

describe("in the circle of somebody without a picture stand", () => {
  it.each([
    ["the first letters of his first two names", "ada king lovelace", "AK"],
    ["signs as they are seen, of as many letters as it takes", "🇫🇮 👩‍🚀 e\u0301", "🇫🇮👩‍🚀"],
    ["what is seen, and not what turns the writing round", "\u202eevil \u200b two", "ET"],
    ["nothing, of a name in which nothing is seen", "\u200b", ""],
  ])("%s", (_what, name, initials) => expect(initialsOf(name)).toBe(initials));
});

describe("names are in the order", () => {
  it("of the language, small letters beside large ones, and of numbers as they count", () => {
    const names = ["Person 10", "bob", "Person 2", "Alice", "Ёлка", "Жанна"];
    expect(names.toSorted(comparerOfNames("ru"))).toEqual(["Ёлка", "Жанна", "Alice", "bob", "Person 2", "Person 10"]);
    expect(names.toSorted(comparerOfNames("en")).slice(0, 4)).toEqual(["Alice", "bob", "Person 2", "Person 10"]);
  });
});
