import Type, { type Static } from "typebox";
import { rejectionKinds, type RejectionCode } from "../rejection.ts";

const FieldErrorObject = Type.Object(
  {
    in: Type.Union([Type.Literal("body"), Type.Literal("query"), Type.Literal("header")]),
    pointer: Type.String({ description: "a JSON pointer (RFC 6901) to the field" }),
    detail: Type.String(),
  },
  { additionalProperties: false },
);

/** RFC 9457, with our `code`, `request_id` and `errors`. The same object stands in a socket's `error`. */
export const ProblemObject = Type.Object(
  {
    type: Type.String({ description: "a URN that ends in the code" }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: "a sentence for a person" }),
    code: Type.Unsafe<RejectionCode>({ type: "string", enum: Object.keys(rejectionKinds) }),
    request_id: Type.Optional(Type.String({ description: "over HTTP: the X-Request-Id of the answer" })),
    errors: Type.Optional(Type.Array(FieldErrorObject, { description: "one for each field that is wrong" })),
  },
  { $id: "Problem", additionalProperties: false },
);
export type ProblemObject = Static<typeof ProblemObject>;
