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
  {
    $id: "Problem",
    additionalProperties: false,
    examples: [
      {
        type: "urn:problem-type:chat:validation_failed",
        title: rejectionKinds.validation_failed.title,
        status: rejectionKinds.validation_failed.status,
        detail: "/text is missing.",
        code: "validation_failed",
        request_id: "0199a1b2-c3d4-7e5f-8a6b-000000000001",
        errors: [{ in: "body", pointer: "/text", detail: "is missing" }],
      },
    ],
  },
);
export type ProblemObject = Static<typeof ProblemObject>;
