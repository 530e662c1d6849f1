import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import addFormatsModule from "ajv-formats";
import type { Static, TObject, TSchema } from "typebox";
import { isUserId } from "../ids.ts";
import { type FieldError, Rejection } from "../rejection.ts";
import { SOMETHING_SEEN } from "./fields.ts";
import { escapePointer, findUnstorableText } from "./storable-text.ts";

/** Enough to mend a form with; a body of 64 KiB could be wrong in thousands of places. */
const MAX_FIELD_ERRORS = 20;

/** Gives back the value as its schema types it, changed in place, or throws a Rejection validation_failed. */
export type Validate<S extends TSchema = TSchema> = (value: unknown) => Static<S>;

/** What becomes of fields that the schema does not know: `/api` refuses them, the seeds' own paths ignore them. */
export type UnknownFields = "refuse" | "ignore";

/** Compiles a schema for bodies. Types are taken as they are: a number is no text. */
export function compileBody<S extends TSchema>(schema: S, unknownFields: UnknownFields): Validate<S> {
  return asValidate("body", (unknownFields === "refuse" ? strictBodies : lenientBodies).compile(closed(schema)));
}

/** Compiles a schema for query parameters: decimal digits become numbers where the schema wants them; unknown ones are dropped. */
export function compileQuery<S extends TObject>(schema: S): Validate<S> {
  const validate = asValidate<S>("query", queries.compile(closed(schema)));
  const integers = integersOf(schema);
  return (value) => validate(withIntegers(integers, value));
}

/** Compiles a schema for path parameters. A path that does not fit names nothing, so the Rejection is not_found. */
export function compileParams<S extends TSchema>(schema: S): Validate<S> {
  const validate = queries.compile(closed(schema));
  return (value) => {
    const params: unknown = Object.assign({}, value);
    if (validate(params) && findUnstorableText(params) === null) return params as Static<S>;
    throw new Rejection("not_found", "There is nothing at this path.");
  };
}

const options = { allErrors: true, strict: true, allowUnionTypes: true, ownProperties: true } as const;
const strictBodies = withKeywords(new Ajv(options));
const lenientBodies = withKeywords(new Ajv({ ...options, removeAdditional: true }));
const queries = withKeywords(new Ajv({ ...options, removeAdditional: true }));

/** Beyond, digits are lost. */
const INTEGER = /^-?\d{1,15}$/;

const integersOf = ({ properties }: TObject): ReadonlySet<string> =>
  new Set(
    Object.entries<object>(properties).flatMap(([name, field]) =>
      "type" in field && field.type === "integer" ? [name] : [],
    ),
  );

/** A copy. Ajv's own conversion is JavaScript's, to which `1e1`, `0xa` and ` 10 ` are all ten. */
function withIntegers(integers: ReadonlySet<string>, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, text]: [string, unknown]) => [
      name,
      integers.has(name) && typeof text === "string" && INTEGER.test(text) ? Number(text) : text,
    ]),
  );
}

function asValidate<S extends TSchema>(where: FieldError["in"], validate: ValidateFunction): Validate<S> {
  return (value) => {
    if (validate(value)) return value as Static<S>;
    const errors = withoutNulls(validate.errors ?? [])
      .slice(0, MAX_FIELD_ERRORS)
      .map((error) => fieldError(where, error));
    const [first] = errors;
    const sentence =
      first === undefined ? "The request is wrong." : `${first.pointer || "The " + where} ${first.detail}.`;
    throw new Rejection("validation_failed", sentence, { errors });
  };
}

/** Of a field that may be null Ajv says three things: what is wrong with it, that it is not null, and that one of the two must hold. */
function withoutNulls(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const isNull = ({ keyword, params }: ErrorObject): boolean => keyword === "type" && params["type"] === "null";
  const mayBeNull = new Set(errors.filter(isNull).map(({ instancePath }) => instancePath));
  return errors.filter((error) => !isNull(error) && !(error.keyword === "anyOf" && mayBeNull.has(error.instancePath)));
}

function fieldError(where: FieldError["in"], { instancePath, keyword, params, message }: ErrorObject): FieldError {
  const named = (name: unknown): string => `${instancePath}/${escapePointer(String(name))}`;
  if (keyword === "required") return { in: where, pointer: named(params["missingProperty"]), detail: "is missing" };
  if (keyword === "additionalProperties") {
    return { in: where, pointer: named(params["additionalProperty"]).toWellFormed(), detail: "is not known here" };
  }
  if (params["pattern"] === SOMETHING_SEEN)
    return { in: where, pointer: instancePath, detail: "must have a character that can be seen" };
  return { in: where, pointer: instancePath, detail: message ?? "is wrong" };
}

/** The schema with every object closed, so that one schema serves both modes: one refuses what is left over, the other removes it. */
function closed(schema: unknown): Record<string, unknown> {
  return close(schema) as Record<string, unknown>;
}

function close(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(close);
  if (typeof schema !== "object" || schema === null) return schema;
  const copy = Object.fromEntries(
    Object.entries(schema)
      // An id names a schema for the documents; two compilations of it in one Ajv would clash.
      .filter(([name]) => name !== "$id")
      .map(([name, value]) => [name, ["enum", "const", "default", "examples"].includes(name) ? value : close(value)]),
  );
  return copy["type"] === "object" && "properties" in copy && !("additionalProperties" in copy)
    ? { ...copy, additionalProperties: false }
    : copy;
}

function withKeywords(ajv: Ajv): Ajv {
  addFormatsModule.default(ajv, ["date-time", "uuid"]);
  ajv.addVocabulary(["example"]);
  ajv.addKeyword({
    keyword: "userId",
    modifying: true,
    error: { message: "must be a user id" },
    validate: (_schema: unknown, data: unknown, _parent: unknown, at: Place) => {
      const id = asUserId(data);
      if (id !== null && at !== undefined) at.parentData[at.parentDataProperty] = id;
      return id !== null;
    },
  });
  ajv.addKeyword({
    keyword: "userIdList",
    modifying: true,
    schemaType: "number",
    error: { message: "must be a list of user ids, or user ids joined by commas, and not too long" },
    validate: (maxIds: number, data: unknown, _parent: unknown, at: Place) => {
      const ids = asUserIds(data, maxIds);
      if (ids !== null && at !== undefined) at.parentData[at.parentDataProperty] = ids;
      return ids !== null;
    },
  });
  ajv.addKeyword({
    keyword: "maxUtf8Bytes",
    type: "string",
    schemaType: "number",
    error: { message: ({ schema }) => `must not be longer than ${String(schema)} bytes of UTF-8` },
    validate: (limit: number, data: string) => data.length * 3 <= limit || Buffer.byteLength(data) <= limit,
  });
  return ajv;
}

/** Where Ajv found the value, so that a keyword can put another in its place. */
type Place =
  { readonly parentData: Record<string | number, unknown>; readonly parentDataProperty: string | number } | undefined;

function asUserId(value: unknown): string | null {
  const text = typeof value === "number" ? String(value) : value;
  return typeof text === "string" && isUserId(text) ? text : null;
}

function asUserIds(value: unknown, maxIds: number): string[] | null {
  const items: unknown[] = Array.isArray(value) ? value : typeof value === "string" ? value.split(",") : [value];
  const ids: string[] = [];
  for (const item of items) {
    if (item === "") continue;
    const id = asUserId(typeof item === "string" ? item.trim() : item);
    if (id === null || ids.length === maxIds) return null;
    ids.push(id);
  }
  return ids;
}
