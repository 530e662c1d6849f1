import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { anyText } from "../testing/any-text.ts";
import { parseUrlEncoded } from "./url-encoded.ts";

describe("reading a query or a form", () => {
  it("reads back what URLSearchParams writes", () => {
    const text = anyText();
    fc.assert(
      fc.property(fc.dictionary(text, text), (fields) => {
        expect({ ...parseUrlEncoded(new URLSearchParams(fields).toString()) }).toEqual({ ...fields });
      }),
    );
  });

  it("makes a list of a repeated name", () => {
    expect(parseUrlEncoded("a=1&b=2&a=3&a")).toEqual({ a: ["1", "3", ""], b: "2" });
  });

  it("holds a name that is special elsewhere as any other", () => {
    const fields = parseUrlEncoded("__proto__=x&constructor=y");

    expect(Object.entries(fields)).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
  });

  it.each([
    ["a=%", "malformed_request"],
    ["a=%zz", "malformed_request"],
    ["a=%ff", "invalid_utf8"],
    ["%ed%a0%80=1", "invalid_utf8"],
  ])("refuses %s", (text, code) => {
    expect(() => parseUrlEncoded(text)).toThrow(expect.objectContaining({ code }));
  });
});
