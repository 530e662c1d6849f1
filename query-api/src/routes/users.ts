import Type from "typebox";
import { exampleEmail, exampleUser } from "@chat/shared/api/examples";
import { UserObject, userObject } from "@chat/shared/api/user-object";
import { defineRoute, type Reply, type Route } from "@chat/shared/http/define-route";
import { userIdField, userIdListField } from "@chat/shared/http/fields";
import { Rejection } from "@chat/shared/rejection";
import type { OwnProfileRow, UserRow, Users } from "../queries/users.ts";
import { limitField, maxPage } from "./params.ts";

/** A name is at most 200 characters: a longer part of one finds nothing. */
const maxNameCharacters = 200;

const OwnProfile = Type.Object(
  { ...UserObject.properties, email: Type.String() },
  { additionalProperties: false, examples: [{ ...exampleUser, email: exampleEmail }] },
);

/**
 * The directory of accounts. Accounts are no events, so there is no barrier to pass: a row is there as soon as the
 * registration was answered.
 */
export function userRoutes(users: Users): readonly Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/users",
      summary: "Others, by a part of their name or by their ids, in the order of names",
      tags: ["users"],
      auth: "token",
      query: Type.Object({
        query: Type.Optional(Type.String({ maxLength: maxNameCharacters })),
        ids: Type.Optional(userIdListField({ maxIds: maxPage })),
        limit: limitField,
      }),
      responses: { 200: { description: "The users; never the caller", schema: Type.Array(UserObject) } },
      async handle({ caller, query: { query, ids, limit = maxPage } }) {
        const found = await users.find({ callerId: caller.userId, name: query ?? null, ids: ids ?? null, limit });
        return { status: 200, body: found.map(userObject) };
      },
    }),

    defineRoute({
      method: "GET",
      path: ["/users/me", "/me", "/auth/me"],
      summary: "The caller",
      tags: ["users"],
      auth: "token",
      responses: { 200: { description: "The caller's own profile", schema: OwnProfile } },
      handle: async ({ caller }) => foundOr404(await users.own(caller.userId), ownProfile),
    }),

    defineRoute({
      method: "GET",
      path: "/users/:user_id",
      summary: "A user",
      tags: ["users"],
      auth: "token",
      params: Type.Object({ user_id: userIdField() }),
      responses: { 200: { description: "The user, without e-mail", schema: UserObject } },
      handle: async ({ params }) => foundOr404(await users.one(params.user_id), userObject),
    }),
  ];
}

function foundOr404<Row extends UserRow>(row: Row | undefined, present: (row: Row) => object): Reply {
  if (row === undefined) throw new Rejection("not_found", "There is no such user.");
  return { status: 200, body: present(row) };
}

function ownProfile(row: OwnProfileRow): object {
  const { id, ...rest } = userObject(row);
  return { id, email: row.email, ...rest };
}
