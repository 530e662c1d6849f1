import Type, { type Static } from "typebox";
import { avatarUrl } from "./avatar-url.ts";
import { exampleUser } from "./examples.ts";

const userFields = {
  id: Type.String({ description: "a decimal number in a string" }),
  name: Type.String(),
  city: Type.Union([Type.String(), Type.Null()]),
  avatar: Type.Union([Type.String(), Type.Null()], { description: "always a URL of ours" }),
};

/** An account as everyone sees it. */
export const UserObject = Type.Object(userFields, {
  $id: "User",
  additionalProperties: false,
  examples: [exampleUser],
});
export type UserObject = Static<typeof UserObject>;

/** What a user object is made from. */
export interface UserParts {
  readonly id: string;
  readonly name: string;
  readonly city: string | null;
  /** The stored file of the picture. */
  readonly avatar: string | null;
}

export function userObject({ id, name, city, avatar }: UserParts): UserObject {
  return { id, name, city, avatar: avatarUrl(`/users/${id}`, avatar) };
}
