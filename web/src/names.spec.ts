import { describe, expect, it } from "@jest/globals";
import { comparerOfNames } from "./names.ts";

describe("names are in the order", () => {
  it("of the language, small letters beside large ones, and of numbers as they count", () => {
    const names = ["Person 10", "bob", "Person 2", "Alice", "Ёлка", "Жанна"];
    expect(names.toSorted(comparerOfNames("ru"))).toEqual(["Ёлка", "Жанна", "Alice", "bob", "Person 2", "Person 10"]);
    expect(names.toSorted(comparerOfNames("en")).slice(0, 4)).toEqual(["Alice", "bob", "Person 2", "Person 10"]);
  });
});
