import { fileIdPattern, parseFileId } from "@chat/shared/ids";
import type { FileSource } from "@chat/shared/files/file-store";
import { defineRoute, type Reply, type Route, type RouteRequest } from "@chat/shared/http/define-route";
import { userIdField } from "@chat/shared/http/fields";
import { Rejection } from "@chat/shared/rejection";
import Type from "typebox";
import { chatAvatar, type ChatAvatarRow, type FileRow, oneFile } from "../queries/files.ts";
import type { Users } from "../queries/users.ts";
import type { AnswerRead, ChatRow, Read } from "./answer-read.ts";
import { chatIdParams } from "./params.ts";
import { sendFile, type SentFile } from "./send-file.ts";

interface Dependencies {
  readonly answer: AnswerRead;
  readonly files: FileSource;
  readonly users: Users;
}

type Asking = Pick<RouteRequest, "headers" | "incoming" | "requestId">;

const avatarQuery = Type.Object({
  v: Type.Optional(Type.String({ maxLength: 100, description: "which picture; it makes the URL another one" })),
});
const picture = {
  200: { description: "The picture, a WebP", contentType: "image/webp" },
  304: { description: "As it was" },
};

/** Downloads. What is said by the database alone is asked first, past the barrier as every read is; then the bytes flow. */
export function fileRoutes({ answer, files, users }: Dependencies): readonly Route[] {
  /** The file's place is a read as all others; what is answered in the end is the file with that read's headers. */
  async function send<Row extends ChatRow>(
    request: Asking,
    chatId: string,
    query: Read<Row>["query"],
    fileOf: (row: Row) => SentFile,
    inline: boolean,
  ): Promise<Reply> {
    let found: SentFile | undefined;
    const read = await answer.ofChat<Row>(request, chatId, {
      query,
      reply([row]) {
        if (row === undefined) return null;
        found = fileOf(row);
        return { status: 200 };
      },
    });
    if (found === undefined) return read;
    const reply = await sendFile(files, found, { ...request, inline });
    return { ...reply, headers: { ...read.headers, ...reply.headers } };
  }

  return [
    defineRoute({
      method: "GET",
      path: "/files/:file_id",
      summary: "A file of a message, for members: to be saved, or with `inline` to be shown where that is safe",
      tags: ["messages"],
      auth: "token",
      params: Type.Object({ file_id: Type.String({ pattern: fileIdPattern }) }),
      query: Type.Object({
        inline: Type.Optional(
          Type.Union([Type.Literal("0"), Type.Literal("1")], {
            description: "1: pictures and PDF are shown, not saved",
          }),
        ),
      }),
      responses: {
        200: { description: "The file", contentType: "*/*" },
        206: { description: "The part that Range asked for", contentType: "*/*" },
        304: { description: "As If-None-Match has it" },
      },
      rejections: ["range_not_satisfiable"],
      handle(request) {
        const place = parseFileId(request.params.file_id);
        if (place === null) throw new Rejection("not_found", "There is no such file.");
        const query = oneFile(place, request.caller.userId);
        const fileOf = ({ file: { key, size, type, name } }: FileRow): SentFile => ({ key, size, type, name });
        return send<FileRow>(request, place.chatId, query, fileOf, request.query.inline === "1");
      },
    }),

    defineRoute({
      method: "GET",
      path: "/chats/:chat_id/avatar",
      summary: "A group's picture, for members",
      tags: ["chats"],
      auth: "token",
      params: chatIdParams,
      query: avatarQuery,
      responses: picture,
      handle: (request) => {
        const { chat_id: chatId } = request.params;
        return send<ChatAvatarRow>(
          request,
          chatId,
          chatAvatar(chatId, request.caller.userId),
          ({ avatar }) => avatarFile(avatar),
          true,
        );
      },
    }),

    defineRoute({
      method: "GET",
      path: "/users/:user_id/avatar",
      summary: "A user's picture",
      tags: ["users"],
      auth: "token",
      params: Type.Object({ user_id: userIdField() }),
      query: avatarQuery,
      responses: picture,
      async handle(request) {
        const avatar = (await users.one(request.params.user_id))?.avatar ?? null;
        if (avatar === null) throw new Rejection("not_found", "There is no such picture.");
        return sendFile(files, avatarFile(avatar), { ...request, inline: true });
      },
    }),
  ];
}

/** We made it, and we make no others. */
const avatarFile = (key: string): SentFile => ({ key, size: null, type: "image/webp", name: null });
