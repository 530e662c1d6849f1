import { defineRoute, type Route } from "@chat/shared/http/define-route";
import Type from "typebox";
import type { Identity } from "../identity/identity.ts";
import { ProfileObject, profileObject } from "./profile-object.ts";
import { CityField, NameField } from "./profile-fields.ts";

const ChangedProfile = Type.Object(
  { name: Type.Optional(NameField), city: Type.Optional(CityField) },
  { examples: [{ name: "Ada Lovelace", city: "London" }] },
);

/** What one may change about oneself. */
export function userRoutes(identity: Identity): readonly Route[] {
  return [
    defineRoute({
      method: "PATCH",
      path: ["/users/me", "/me"],
      summary: "Change one's own profile; what is not named stays",
      tags: ["users"],
      auth: "token",
      body: ChangedProfile,
      responses: { 200: { description: "The profile as it is now", schema: ProfileObject } },
      handle: async ({ caller, body }) => ({
        status: 200,
        body: profileObject(await identity.changeProfile(caller.userId, body)),
      }),
    }),
  ];
}
