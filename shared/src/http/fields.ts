import Type, { type TSchema, type TUnsafe } from "typebox";
import type { UserId } from "../ids.ts";

/** A user id as clients send it, a number or a decimal text; the handler gets the text. */
export function userIdField(options: { readonly description?: string } = {}): TUnsafe<UserId> {
  return Type.Unsafe<UserId>({ type: ["string", "integer"], userId: true, ...options });
}

/** A list of user ids: an array, or one text with commas; the handler gets the array. `maxIds` bounds both. */
export function userIdListField(options: {
  readonly maxIds: number;
  readonly description?: string;
}): TUnsafe<UserId[]> {
  const { maxIds, ...rest } = options;
  return Type.Unsafe<UserId[]>({ type: ["array", "string", "integer"], userIdList: maxIds, ...rest });
}

/** A text with a bound in bytes of UTF-8, as it is stored, next to the ones that JSON Schema has. */
export function textField(options: {
  readonly minLength?: number;
  readonly maxUtf8Bytes: number;
  readonly description?: string;
}): TUnsafe<string> {
  return Type.Unsafe<string>({ type: "string", ...options });
}

export function nullable<S extends TSchema>(schema: S) {
  return Type.Union([schema, Type.Null()]);
}
