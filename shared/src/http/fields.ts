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

/** Spaces, controls, marks that only turn or join what is written, and letters that are drawn as nothing. */
const UNSEEN = String.raw`\s\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0`;

/** At least one character that can be seen: without one, nobody could press a name, or tell it from nothing. */
export const SOMETHING_SEEN = `[^${UNSEEN}]`;
