import Type, { type Static } from "typebox";

/** A member of a chat. */
export const MemberObject = Type.Object(
  {
    user_id: Type.String(),
    id: Type.String({ description: "the same as user_id" }),
    name: Type.Union([Type.String(), Type.Null()], { description: "null when the account is gone" }),
    role: Type.Union([Type.Literal("owner"), Type.Literal("admin"), Type.Literal("member")]),
    read_up_to: Type.Integer(),
    joined_at: Type.String({ format: "date-time" }),
  },
  {
    $id: "Member",
    additionalProperties: false,
    examples: [
      { user_id: "2", id: "2", name: "Grace", role: "member", read_up_to: 1, joined_at: "2026-03-01T09:30:00.000Z" },
    ],
  },
);
export type MemberObject = Static<typeof MemberObject>;
