import { describe, expect, it } from "@jest/globals";
import { timeOfDay } from "./times.ts";

describe("a time of day", () => {
  it("is written as its language does: from one to twelve without a nought before it, else in two digits", () => {
    const times = [new Date(2026, 1, 1, 9, 4), new Date(2026, 1, 1, 15, 44)].map((time) => time.toISOString());
    // Which blank stands before AM and PM changes between browsers.
    const english = times.map((iso) => timeOfDay(iso, "en").replace(/\s/u, " "));
    expect(english).toEqual(["9:04 AM", "3:44 PM"]);
    expect(times.map((iso) => timeOfDay(iso, "ru"))).toEqual(["09:04", "15:44"]);
  });
});
