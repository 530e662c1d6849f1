import { exampleFile } from "@chat/shared/api/examples";
import { FileObject, fileObject } from "@chat/shared/api/file-object";
import { defineRoute, type Route } from "@chat/shared/http/define-route";
import { formatMessageId } from "@chat/shared/ids";
import { Rejection } from "@chat/shared/rejection";
import Type from "typebox";
import type { ChatCommands } from "../commands/chat-commands.ts";
import { maxFilesPerMessage } from "../domain/chat/limits.ts";
import { wrongFiles } from "../files/read-multipart.ts";
import type { UploadedFile, Uploads } from "../files/uploads.ts";
import type { CommandOutcome } from "../partition-owner/command-request.ts";
import { locate, messageIdParams } from "./params.ts";

const AttachedFiles = Type.Object(
  { ...FileObject.properties, files: Type.Array(FileObject, { description: "all of them, the first one too" }) },
  { additionalProperties: false, examples: [{ ...exampleFile, files: [exampleFile] }] },
);

/** Attaching files to messages. */
export function fileRoutes(commands: ChatCommands, uploads: Uploads): readonly Route[] {
  return [
    defineRoute({
      method: "POST",
      path: "/messages/:message_id/files",
      summary: "Attach files to an own message: one in `file`, or several in `files`",
      tags: ["messages"],
      auth: "token",
      params: messageIdParams,
      upload: { maxFiles: maxFilesPerMessage },
      responses: {
        200: { description: "The same key was sent before: the files of then", schema: AttachedFiles },
        201: { description: "Attached: the first of the files, and all of them", schema: AttachedFiles },
      },
      rejections: ["forbidden", "message_deleted", "quota_exceeded"],
      handle: ({ caller, params, idempotencyKey, traceParent, incoming }) =>
        uploads.inTurn(caller.userId, async () => {
          const { chatId, seq } = locate(params.message_id);
          const origin = { actor: caller.userId, traceParent };
          // Who may not attach anything is told so before a byte of it is read.
          const asked = await commands.execute({ ...origin, idempotencyKey: undefined }, chatId, {
            type: "AttachFiles",
            seq,
            files: [],
          });
          const room = maxFilesPerMessage - (asked.message?.files.at(-1)?.number ?? 0);
          if (room <= 0 && idempotencyKey === undefined)
            throw wrongFiles(`no more than ${maxFilesPerMessage} for a message`);
          const target = { kind: "message", chatId, seq } as const;
          const files = await uploads.take({
            request: incoming,
            userId: caller.userId,
            target,
            maxFiles: maxFilesPerMessage,
          });
          const outcome = await uploads.nameBy(files, () =>
            commands.execute({ ...origin, idempotencyKey, request: requestOf(seq, files) }, chatId, {
              type: "AttachFiles",
              seq,
              files: files.map(({ key, name, type, size }) => ({ key, name, type, size })),
            }),
          );
          return { status: outcome.status === "repeated" ? 200 : 201, body: present(chatId, seq, outcome) };
        }),
    }),
  ];
}

/** The same files sent again are kept elsewhere, and are the same request. */
function requestOf(seq: number, files: readonly UploadedFile[]): object {
  return { type: "AttachFiles", seq, files: files.map(({ name, size, sha256 }) => ({ name, size, sha256 })) };
}

function present(chatId: string, seq: number, { message, events, settledIn }: CommandOutcome): object {
  const version = settledIn ?? events[0]?.version;
  const files = (message?.files ?? [])
    .filter((file) => file.version === version)
    .map((file) => fileObject(chatId, seq, file));
  if (files[0] === undefined) {
    // They were attached, and their message was deleted since.
    throw new Rejection("message_deleted", `Message ${formatMessageId(chatId, seq)} was deleted.`);
  }
  return { ...files[0], files };
}
