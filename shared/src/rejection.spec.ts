import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { problemHeaders, problemOf } from "./http/problem.ts";
import { Rejection, rejectionKinds, type RejectionKind } from "./rejection.ts";

const kinds: [string, RejectionKind][] = Object.entries(rejectionKinds);

describe("the closed list of refusals", () => {
  it("stands in docs/errors.md, code by code and word for word", () => {
    const documented = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8")
      .split("\n")
      .filter((line) => line.startsWith("| `"))
      .map((line) =>
        line
          .slice(2, -2)
          .split(" | ")
          .map((cell) => cell.trim()),
      );

    expect(documented).toEqual(
      kinds.map(([code, { status, title, meaning, closeCode }]) => [
        `\`${code}\``,
        String(status),
        title,
        meaning,
        closeCode === undefined ? "error frame" : `closes with ${closeCode}`,
      ]),
    );
  });

  it.each(kinds.filter(([, { status }]) => status === 429 || status === 503))(
    "says when to ask again: %s",
    (_code, kind) => {
      expect(kind.retryAfterSeconds).toBeGreaterThan(0);
    },
  );
});

describe("a rejection as an answer", () => {
  it("is a problem with the code, the sentence and the fields", () => {
    const errors = [{ in: "body", pointer: "/text", detail: "is missing" }] as const;

    expect(problemOf(new Rejection("validation_failed", "/text is missing.", { errors }), "r1")).toEqual({
      type: "urn:problem-type:chat:validation_failed",
      title: "Validation failed",
      status: 422,
      detail: "/text is missing.",
      code: "validation_failed",
      request_id: "r1",
      errors,
    });
  });

  it("challenges whoever is not authenticated, and names a token that has run out", () => {
    expect(problemHeaders(new Rejection("unauthenticated", "…"))["WWW-Authenticate"]).toBe('Bearer realm="chat"');
    expect(problemHeaders(new Rejection("token_expired", "…"))["WWW-Authenticate"]).toContain("invalid_token");
  });

  it("says in whole seconds when to ask again, never zero for a fraction", () => {
    expect(problemHeaders(new Rejection("overloaded", "…", { retryAfterSeconds: 0.2 }))["Retry-After"]).toBe("1");
  });
});
