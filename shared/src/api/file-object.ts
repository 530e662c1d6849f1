import Type, { type Static } from "typebox";
import type { NamedFile } from "../events/attached-files.ts";
import { exampleFile } from "./examples.ts";
import { formatMessageId } from "../ids.ts";

/** A file of a message as clients see it. */
export const FileObject = Type.Object(
  {
    id: Type.String({ description: "opaque to clients" }),
    name: Type.String({ description: "as the sender called it" }),
    type: Type.String({ description: "the media type, found out from the bytes" }),
    size: Type.Integer({ minimum: 0, description: "in bytes" }),
    url: Type.String({ description: "where members of the chat get it" }),
  },
  { $id: "File", additionalProperties: false, examples: [exampleFile] },
);
export type FileObject = Static<typeof FileObject>;

/** Where its bytes are kept is nobody's business, so it is not in there. */
export function fileObject(chatId: string, seq: number, file: Omit<NamedFile, "key">): FileObject {
  const id = `${formatMessageId(chatId, seq)}.${String(file.number)}`;
  return { id, name: file.name, type: file.type, size: file.size, url: `/files/${id}` };
}
