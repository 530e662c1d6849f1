import Type from "typebox";
import { exampleMessage } from "@chat/shared/api/examples";
import { MessageObject } from "@chat/shared/api/message-object";
import { defineRoute, type Route } from "@chat/shared/http/define-route";
import { Rejection } from "@chat/shared/rejection";
import type { MessageRange } from "../queries/message-page.ts";
import type { MessagePage, MessagePages } from "./message-pages.ts";
import { chatIdParams, limitField, maxPage, placeField, seqOf } from "./params.ts";

const PageQuery = Type.Object({
  before: placeField,
  after: placeField,
  around: placeField,
  limit: limitField,
});

const HistoryQuery = Type.Object({
  limit: limitField,
  offset: Type.Optional(Type.Integer({ minimum: 0, maximum: 999_999_999 })),
});

const HistoryPage = Type.Object({
  items: Type.Array(MessageObject),
  total: Type.Integer({ description: "how many messages the chat has, tombstones too" }),
  limit: Type.Integer(),
  offset: Type.Integer(),
});

const History = Type.Union([HistoryPage, Type.Array(MessageObject)], {
  examples: [{ items: [exampleMessage], total: 1, limit: 50, offset: 0 }, [exampleMessage]],
});

const defaultHistoryLimit = 50;
const jsonType = "application/json; charset=utf-8";

/** A chat's messages, by seq and in the seeds' own words. */
export function messageRoutes(pages: MessagePages): readonly Route[] {
  return [
    defineRoute({
      method: "GET",
      path: "/chats/:chat_id/messages",
      summary: "A page of a chat's messages, oldest first; the newest ones without parameters",
      tags: ["messages"],
      auth: "token",
      params: chatIdParams,
      query: PageQuery,
      responses: { 200: { description: "The page; Link leads on", schema: Type.Array(MessageObject) } },
      handle: (request) => {
        const { chat_id: chatId } = request.params;
        const { before, after, around, limit = maxPage } = request.query;
        const range = rangeOf(
          {
            before: seqOf("before", before, chatId),
            after: seqOf("after", after, chatId),
            around: seqOf("around", around, chatId),
          },
          limit,
        );
        return pages.answer(request, chatId, range, (page, { last_seq }) => ({
          status: 200,
          body: page.json,
          headers: { "Content-Type": jsonType, ...nextLink(page, last_seq, range) },
        }));
      },
    }),

    defineRoute({
      method: "GET",
      path: "/history/:chat_id",
      summary:
        "A chat's messages, oldest first: a page when limit or offset is given, else the newest 100 as a bare array",
      tags: ["messages"],
      auth: "token",
      params: chatIdParams,
      query: HistoryQuery,
      responses: {
        200: { description: "The messages", schema: History },
      },
      handle: (request) => {
        const { chat_id: chatId } = request.params;
        const { limit, offset } = request.query;
        const bare = limit === undefined && offset === undefined;
        const page = { limit: limit ?? defaultHistoryLimit, offset: offset ?? 0 };
        const range = bare ? newest(maxPage) : { from: page.offset + 1, to: null, floor: 1, limit: page.limit };
        return pages.answer(request, chatId, range, ({ json }, { last_seq }) => ({
          status: 200,
          body: bare ? json : historyPage(json, { total: last_seq, ...page }),
          headers: { "Content-Type": jsonType },
        }));
      },
    }),
  ];
}

const newest = (limit: number): MessageRange => ({ from: null, to: null, floor: 1, limit });

/** The items are JSON already: the rest is put around them. */
function historyPage(
  items: string | Buffer,
  rest: { readonly total: number; readonly limit: number; readonly offset: number },
): string | Buffer {
  const [before, after] = ['{"items":', `,${JSON.stringify(rest).slice(1)}`];
  if (typeof items === "string") return `${before}${items}${after}`;
  return Buffer.concat([Buffer.from(before), items, Buffer.from(after)]);
}

interface Places {
  readonly before: number | undefined;
  readonly after: number | undefined;
  readonly around: number | undefined;
}

/** `after` alone goes forward from there; with `before`, it is the floor under the page that ends there. */
function rangeOf({ before, after, around }: Places, limit: number): MessageRange {
  if (around !== undefined) {
    if (before !== undefined || after !== undefined)
      throw new Rejection("validation_failed", "around stands alone.", {
        errors: [{ in: "query", pointer: "/around", detail: "must not be together with before or after" }],
      });
    return { from: Math.max(1, around - Math.floor(limit / 2)), to: null, floor: 1, limit };
  }
  if (before !== undefined) return { from: null, to: before - 1, floor: (after ?? 0) + 1, limit };
  return after === undefined ? newest(limit) : { from: after + 1, to: null, floor: 1, limit };
}

/** The next page in the same direction, as long as there is one. The reference is relative: it holds under `/api` and without. */
function nextLink(
  { firstSeq: first, lastSeq: last }: MessagePage,
  lastOfChat: number,
  { from, floor, limit }: MessageRange,
): Record<string, string> {
  if (first === undefined || last === undefined) return {};
  if (from !== null) return last < lastOfChat ? { Link: `<?after=${last}&limit=${limit}>; rel="next"` } : {};
  if (first <= floor) return {};
  const lowest = floor > 1 ? `&after=${floor - 1}` : "";
  return { Link: `<?before=${first}${lowest}&limit=${limit}>; rel="next"` };
}
