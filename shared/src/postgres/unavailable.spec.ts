import { describe, expect, it } from "@jest/globals";
import { isDatabaseUnavailable } from "./unavailable.ts";

const withCode = (code: string, more: object = {}): Error => Object.assign(new Error("…"), { code, ...more });

describe("isDatabaseUnavailable", () => {
  it.each(["ECONNREFUSED", "ECONNRESET", "08006", "53300", "57P01", "57P03", "25006"])("says yes to %s", (code) => {
    expect(isDatabaseUnavailable(withCode(code))).toBe(true);
  });

  it.each(["23505", "22P05", "42P01", "57014", "40001", "08"])("says no to %s", (code) => {
    expect(isDatabaseUnavailable(withCode(code))).toBe(false);
  });

  it("takes a missing socket for a server that is away, and a missing file for a bug", () => {
    expect(isDatabaseUnavailable(withCode("ENOENT", { syscall: "connect" }))).toBe(true);
    expect(isDatabaseUnavailable(withCode("ENOENT", { syscall: "open" }))).toBe(false);
  });

  it.each([
    "Knex: Timeout acquiring a connection. The pool is probably full.",
    "Connection terminated unexpectedly",
    "timeout exceeded when trying to connect",
    "Query read timeout",
    "timeout expired",
    'select * from "identity"."users" - Connection terminated unexpectedly',
  ])("knows what pg and knex say without a code: %s", (message) => {
    expect(isDatabaseUnavailable(new Error(message))).toBe(true);
  });

  it("looks through a wrapper, and through the attempts on several addresses", () => {
    expect(isDatabaseUnavailable(new Error("no rows read", { cause: withCode("57P01") }))).toBe(true);
    expect(isDatabaseUnavailable(new AggregateError([withCode("ECONNREFUSED"), withCode("ETIMEDOUT")]))).toBe(true);
    expect(isDatabaseUnavailable(new AggregateError([withCode("ECONNREFUSED"), new Error("bug")]))).toBe(false);
  });

  it("says no to what is no error", () => {
    expect(isDatabaseUnavailable("57P01")).toBe(false);
    expect(isDatabaseUnavailable(undefined)).toBe(false);
  });
});
