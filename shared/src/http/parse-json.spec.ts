import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { anyText } from "../testing/any-text.ts";
import { Rejection } from "../rejection.ts";
import { MAX_JSON_DEPTH, parseJson } from "./parse-json.ts";

const bytes = (text: string): Buffer => Buffer.from(text);
const nested = (depth: number): Buffer => bytes("[".repeat(depth) + "]".repeat(depth));

function refusalOf(body: Buffer): Rejection | undefined {
  try {
    parseJson(body);
    return undefined;
  } catch (error) {
    if (error instanceof Rejection) return error;
    throw error;
  }
}

describe("reading JSON from the network", () => {
  it("gives what JSON.parse gives, for whatever can be stored", () => {
    const storable = anyText().filter((text) => !text.includes("\0"));
    const value = fc
      .jsonValue({ maxDepth: 5, stringUnit: "grapheme" })
      .filter((json) => !JSON.stringify(json).includes("\\u0000"));
    fc.assert(
      fc.property(value, (json) =>
        expect(parseJson(bytes(JSON.stringify(json)))).toEqual(JSON.parse(JSON.stringify(json))),
      ),
    );
    fc.assert(fc.property(storable, (text) => expect(parseJson(bytes(JSON.stringify(text)))).toBe(text)));
  });

  it("takes the deepest that is allowed and refuses one more", () => {
    expect(refusalOf(nested(MAX_JSON_DEPTH))).toBeUndefined();
    expect(refusalOf(nested(MAX_JSON_DEPTH + 1))?.code).toBe("too_deep");
  });

  it("refuses a depth of 100,000 without recursion", () => {
    expect(refusalOf(nested(100_000))?.code).toBe("too_deep");
    expect(refusalOf(bytes('{"a":'.repeat(100_000)))?.code).toBe("too_deep");
  });

  it("does not count brackets inside texts", () => {
    expect(parseJson(bytes(JSON.stringify(`\\"${"[{".repeat(100)}`)))).toBe(`\\"${"[{".repeat(100)}`);
  });

  it.each(["", "{", "{'a':1}", "[1,]", "NaN", "[]x", '"\0"', '{"a":1,}'])("refuses what is no JSON: %j", (text) => {
    expect(refusalOf(bytes(text))?.code).toBe("malformed_json");
  });

  it.each([
    ["a byte that never occurs", Buffer.from([0x22, 0xff, 0x22])],
    ["an overlong slash", Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
    ["an encoded surrogate", Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ["a character that is cut off", Buffer.from([0x22, 0xe2, 0x82])],
  ])("refuses what is no UTF-8: %s", (_what, body) => {
    expect(refusalOf(body)?.code).toBe("invalid_utf8");
  });

  it.each([
    ['{"text":"a\\u0000b"}', "/text"],
    ['{"a":[{"b/c":"\\ud800"}]}', "/a/0/b~1c"],
    ['{"a\\u0000":1}', "/a\0"],
    ['"\\udc00"', ""],
  ])("points at a text that cannot be stored: %s", (body, pointer) => {
    expect(refusalOf(bytes(body))?.errors).toEqual([expect.objectContaining({ in: "body", pointer })]);
  });

  it("keeps a __proto__ as a field like any other", () => {
    const value = parseJson(bytes('{"__proto__":{"admin":true}}')) as Record<string, unknown>;

    expect(Object.keys(value)).toEqual(["__proto__"]);
    expect(value["admin"]).toBeUndefined();
  });
});
