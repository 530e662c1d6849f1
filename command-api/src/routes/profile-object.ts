import { avatarUrl } from "@chat/shared/api/avatar-url";
import { exampleEmail, exampleUser } from "@chat/shared/api/examples";
import Type, { type Static } from "typebox";
import type { Profile } from "../identity/accounts.ts";

/** An account as its owner sees it. */
export const ProfileObject = Type.Object(
  {
    id: Type.String({ description: "a decimal number in a string" }),
    email: Type.String(),
    name: Type.String(),
    city: Type.Union([Type.String(), Type.Null()]),
    avatar: Type.Union([Type.String(), Type.Null()], { description: "always a URL of ours" }),
  },
  { $id: "Profile", additionalProperties: false, examples: [{ ...exampleUser, email: exampleEmail }] },
);
export type ProfileObject = Static<typeof ProfileObject>;

export function profileObject({ userId, email, name, city, avatar }: Profile): ProfileObject {
  return { id: userId, email, name, city, avatar: avatarUrl(`/users/${userId}`, avatar) };
}
