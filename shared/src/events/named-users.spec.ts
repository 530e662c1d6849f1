import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { decodeEvent } from "./event-record.ts";
import { eventShapes } from "./event-schemas.ts";
import { namedUsers } from "./named-users.ts";
import { userIdPattern } from "../ids.ts";

/** At least one record of every type, which another spec sees to. */
const golden = JSON.parse(readFileSync(new URL("golden-events.json", import.meta.url), "utf8")) as readonly object[];
const records = golden.map((record) => decodeEvent(JSON.stringify(record)));

/** Paths of the fields that a schema says hold a user's id, of objects and of lists of them. */
function userFields(schema: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof schema !== "object" || schema === null) return [];
  if ("pattern" in schema) return schema.pattern === userIdPattern ? [path] : [];
  const fields = Object.entries("properties" in schema ? (schema.properties as object) : {});
  const choices = "anyOf" in schema ? (schema.anyOf as readonly unknown[]) : [];
  return [
    ...fields.flatMap(([name, inner]) => userFields(inner, [...path, name])),
    ...("items" in schema ? userFields(schema.items, path) : []),
    ...choices.flatMap((choice) => userFields(choice, path)),
  ];
}

function at(value: unknown, path: readonly string[]): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap((one) => at(one, path));
  const [name, ...rest] = path;
  if (name === undefined) return [value];
  return typeof value === "object" && value !== null ? at(new Map(Object.entries(value)).get(name), rest) : [];
}

describe("the users whom a record names", () => {
  it.each(Object.entries(eventShapes))("are the actor and whoever stands in a field for users: %s", (type, shape) => {
    const ofType = records.filter(({ event }) => event.type === type);
    const fields = userFields(shape.data);
    expect(ofType.length).toBeGreaterThan(0);
    for (const record of ofType) {
      const inFields = fields.flatMap((path) => at(record.event, path)).filter((id) => id !== undefined);
      expect([...namedUsers(record)].sort()).toEqual([record.actor, ...inFields].sort());
    }
  });

  it("are found by the fields of the schemas, nested ones too", () => {
    expect(userFields(eventShapes.MessagesFullyRead.data)).toEqual([["slowest"], ["former", "userId"]]);
    expect(userFields(eventShapes.MessageEdited.data)).toEqual([["message", "senderId"]]);
    expect(userFields(eventShapes.ChatCreated.data)).toEqual([["members", "userId"]]);
  });
});
