import Type, { type Static } from "typebox";
import { defineRoute, type Route } from "@chat/shared/http/define-route";
import type { defaultUploadLimits } from "@chat/shared/settings";

const LimitsObject = Type.Object(
  {
    file_max_bytes: Type.Integer({ description: "how large one uploaded file may be" }),
    user_files_max_bytes: Type.Integer({ description: "how large all files of one user may be together" }),
    user_files_max_count: Type.Integer({ description: "how many files one user may have" }),
  },
  {
    $id: "Limits",
    additionalProperties: false,
    examples: [{ file_max_bytes: 104_857_600, user_files_max_bytes: 5_368_709_120, user_files_max_count: 10_000 }],
  },
);

/** What an operator has set and a client cannot know; every other limit stands in the documents. */
export function limitRoutes({ maxFileBytes, maxBytes, maxFiles }: typeof defaultUploadLimits): readonly Route[] {
  const body: Static<typeof LimitsObject> = {
    file_max_bytes: maxFileBytes,
    user_files_max_bytes: maxBytes,
    user_files_max_count: maxFiles,
  };
  return [
    defineRoute({
      method: "GET",
      path: "/limits",
      summary: "What may be uploaded here, so that nothing larger is sent in vain",
      tags: ["messages"],
      auth: "token",
      responses: { 200: { description: "The limits of files", schema: LimitsObject } },
      handle: () => Promise.resolve({ status: 200, body }),
    }),
  ];
}
