import { describe, expect, it } from "@jest/globals";
import Type from "typebox";
import { Rejection } from "../rejection.ts";
import { nullable, SOMETHING_SEEN, textField, userIdField, userIdListField } from "./fields.ts";
import { compileBody, compileParams, compileQuery } from "./validate.ts";

const Body = Type.Object({
  text: textField({ minLength: 1, maxUtf8Bytes: 8 }),
  user_id: Type.Optional(userIdField()),
  user_ids: Type.Optional(userIdListField({ maxIds: 3 })),
  place: Type.Optional(Type.Object({ city: Type.String() })),
});
const underApi = compileBody(Body, "refuse");
const bare = compileBody(Body, "ignore");

function errorsOf(act: () => unknown): readonly string[] {
  try {
    act();
    return [];
  } catch (error) {
    if (error instanceof Rejection) return error.errors.map(({ pointer, detail }) => `${pointer} ${detail}`);
    throw error;
  }
}

describe("a body", () => {
  it("with an unknown field is refused under /api, and taken without that field elsewhere", () => {
    const body = () => ({ text: "hi", admin: true, place: { city: "Kyiv", zip: 1 } });

    expect(errorsOf(() => underApi(body()))).toEqual(["/admin is not known here", "/place/zip is not known here"]);
    expect(bare(body())).toEqual({ text: "hi", place: { city: "Kyiv" } });
  });

  it("with a __proto__ field is like one with any other unknown field", () => {
    const body = () => JSON.parse('{"text":"hi","__proto__":{"user_id":"1"}}') as unknown;

    expect(errorsOf(() => underApi(body()))).toEqual(["/__proto__ is not known here"]);
    expect(Object.keys(bare(body()))).toEqual(["text"]);
  });

  it("hears of every wrong field, with a pointer to each", () => {
    expect(errorsOf(() => underApi({ text: 5, place: {}, user_id: "me" }))).toEqual([
      "/text must be string",
      "/user_id must be a user id",
      "/place/city is missing",
    ]);
  });

  it("hears once of a field that is neither null nor right, and what of it is wrong", () => {
    const Named = Type.Object({
      name: nullable(Type.String({ maxLength: 3, pattern: SOMETHING_SEEN })),
      kind: Type.Optional(Type.Union([Type.Literal("a"), Type.Literal("b")])),
    });
    const named = compileBody(Named, "refuse");

    expect(errorsOf(() => named({ name: null }))).toEqual([]);
    expect(errorsOf(() => named({ name: 5 }))).toEqual(["/name must be string"]);
    expect(errorsOf(() => named({ name: "four" }))).toEqual(["/name must NOT have more than 3 characters"]);
    for (const name of ["", "  ", "\u200b", "\u202e\u2066", "\u3164"])
      expect(errorsOf(() => named({ name }))).toEqual(["/name must have a character that can be seen"]);
    for (const name of ["a", "\u202ea", "😀", "é", "\u0627", "-"]) expect(errorsOf(() => named({ name }))).toEqual([]);
    expect(errorsOf(() => named({ name: null, kind: "c" })).at(-1)).toBe("/kind must match a schema in anyOf");
  });

  it.each([null, [], "text", 7, true])("that is no object is refused: %j", (body) => {
    expect(errorsOf(() => underApi(body))).toEqual([" must be object"]);
  });

  it("hears of at most twenty wrong fields", () => {
    const body = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`field${index}`, index]));

    expect(errorsOf(() => underApi(body))).toHaveLength(20);
  });

  it("measures text in bytes of UTF-8", () => {
    expect(errorsOf(() => underApi({ text: "12345678" }))).toEqual([]);
    expect(errorsOf(() => underApi({ text: "привет" }))).toEqual(["/text must not be longer than 8 bytes of UTF-8"]);
  });

  it.each([
    [7, "7"],
    ["7", "7"],
  ])("may name a user by number or text: %j", (id, expected) => {
    expect(underApi({ text: "hi", user_id: id }).user_id).toBe(expected);
  });

  it.each([0, -1, 1.5, 1e21, "", "07", "7 ", "seven", "1".repeat(19), true, null, [7]])("names no user by %j", (id) => {
    expect(errorsOf(() => underApi({ text: "hi", user_id: id }))).not.toEqual([]);
  });

  it.each([
    [
      ["1", 2],
      ["1", "2"],
    ],
    ["1, 2,", ["1", "2"]],
    [7, ["7"]],
    [[], []],
  ])("may list users as %j", (ids, expected) => {
    expect(underApi({ text: "hi", user_ids: ids }).user_ids).toEqual(expected);
  });

  it.each([[["1", "2", "3", "4"]], ["1,2,3,4"], ["1;2"], [[["1"]]], [{}]])("lists no users as %j", (ids) => {
    expect(errorsOf(() => underApi({ text: "hi", user_ids: ids }))).not.toEqual([]);
  });
});

describe("a query", () => {
  const query = compileQuery(Type.Object({ limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })) }));

  it("has numbers where the schema wants them, and only the fields of the schema", () => {
    expect(query({ limit: "20", token: "secret" })).toEqual({ limit: 20 });
  });

  it.each(["0", "-1", "101", "", "ten", "1.5", "1e1", "0xa", "+5", " 5", "5.0", "5\n", "٥", "true", ["1", "2"]])(
    "is refused with limit=%j",
    (limit) => {
      expect(errorsOf(() => query({ limit }))).toHaveLength(1);
    },
  );
});

describe("a path", () => {
  const params = compileParams(Type.Object({ id: userIdField() }));

  it("gives its parameters as the schema types them", () => {
    expect(params({ id: "7" })).toEqual({ id: "7" });
  });

  it.each(["me", "7\0", "", "%ff"])("that does not fit names nothing: %j", (id) => {
    expect(() => params({ id })).toThrow(expect.objectContaining({ code: "not_found" }));
  });
});
