import type { TSchema } from "typebox";
import { userIdPattern } from "@chat/shared/ids";

/** A JSON Schema (2020-12) as a document holds it. */
export type PlainSchema = Readonly<Record<string, unknown>>;

/** The named schemas of one document. */
export interface NamedSchemas {
  /** Rewrites a schema into what any reader of JSON Schema knows; schemas with an `$id` become references. */
  plain(schema: TSchema): PlainSchema;
  all(): Readonly<Record<string, PlainSchema>>;
}

/** @param folder where the document keeps them: "#/components/schemas" */
export function createNamedSchemas(folder: string): NamedSchemas {
  const named = new Map<string, PlainSchema>();

  function plain(schema: object): PlainSchema {
    const { $id: name, ...rest } = Object.fromEntries(Object.entries(schema));
    if (typeof name !== "string") return withoutOwnKeywords(rewrite(rest));
    if (!named.has(name)) {
      // Its place is taken first, so that the order is the order of first use.
      named.set(name, {});
      named.set(name, withoutOwnKeywords(rewrite(rest)));
    }
    return { $ref: `${folder}/${name}` };
  }

  function rewrite(schema: PlainSchema): PlainSchema {
    return Object.fromEntries(
      Object.entries(schema).map(([keyword, value]) => [
        keyword,
        isLiteral(keyword) ? value : keyword === "properties" ? eachOf(value) : inside(value),
      ]),
    );
  }

  function inside(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(inside);
    return typeof value === "object" && value !== null ? plain(value) : value;
  }

  /** A field may be called as a keyword is. */
  function eachOf(properties: unknown): PlainSchema {
    return Object.fromEntries(Object.entries(properties ?? {}).map(([name, schema]) => [name, inside(schema)]));
  }

  return { plain, all: () => Object.fromEntries(named) };
}

const isLiteral = (keyword: string): boolean =>
  ["const", "enum", "default", "required", "example", "examples"].includes(keyword);

const userId = { type: ["string", "integer"], pattern: userIdPattern, minimum: 1 } as const;

/** Our keywords of Ajv (`shared/src/http/validate.ts`) in words that all readers know. */
function withoutOwnKeywords(schema: PlainSchema): PlainSchema {
  const { userId: isId, userIdList: maxIds, maxUtf8Bytes: maxBytes, ...rest } = schema;
  if (isId === true) return { ...rest, ...userId, ...described(rest, "a user id, as a number or a text") };
  if (typeof maxIds === "number") {
    const { type: _type, ...more } = rest;
    const text = { type: "string", description: "user ids joined by commas" };
    return { ...more, anyOf: [{ type: "array", items: userId, maxItems: maxIds }, text, { type: "integer" }] };
  }
  // A character has at least one byte: as characters the bound is wider than the true one, never narrower.
  if (typeof maxBytes === "number") {
    return { ...rest, maxLength: maxBytes, ...described(rest, `at most ${maxBytes} bytes of UTF-8`) };
  }
  return rest;
}

function described({ description }: PlainSchema, ours: string): { readonly description: string } {
  return { description: typeof description === "string" ? `${description}; ${ours}` : ours };
}
