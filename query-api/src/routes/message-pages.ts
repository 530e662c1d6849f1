import { LRUCache } from "lru-cache";
import type { Reply, RouteRequest } from "@chat/shared/http/define-route";
import { messageObjects } from "../queries/message-objects.ts";
import { messagePage, type MessagePageRow, type MessageRange, type PageVersion } from "../queries/message-page.ts";
import type { AnswerRead } from "./answer-read.ts";

/** A page of a chat's messages as it is sent. */
export interface MessagePage extends PageVersion {
  /** An array of messages, oldest first, as JSON. */
  readonly json: Buffer;
  readonly firstSeq: number | undefined;
  readonly lastSeq: number | undefined;
}

export interface MessagePages {
  answer(
    request: Pick<RouteRequest, "headers" | "requestId"> & { readonly caller: { readonly userId: string } },
    chatId: string,
    range: MessageRange,
    reply: (page: MessagePage, chat: { readonly last_seq: number }) => Reply,
  ): Promise<Reply>;
}

/** Some six hundred pages of a hundred messages: those that are asked for again and again, the newest of busy chats. */
const maxCachedBytes = 32 * 1024 * 1024;
/** Keys and objects beside the JSON. */
const bytesBesideJson = 500;

/**
 * Keeps pages that were made, by chat and range. All that a page shows follows from the chat's events, so its version
 * says whether a page is still right: every request still asks the database, for membership, position and version,
 * in one statement, and only the reading and making of a hundred messages is saved.
 */
export function createMessagePages(answerRead: AnswerRead): MessagePages {
  const cache = new LRUCache<string, MessagePage>({
    maxSize: maxCachedBytes,
    sizeCalculation: ({ json }) => json.length + bytesBesideJson,
  });

  return {
    answer(request, chatId, range, reply) {
      const key = `${chatId} ${range.from} ${range.to} ${range.floor} ${range.limit}`;
      const known = cache.get(key);
      return answerRead.ofChat<MessagePageRow>(request, chatId, {
        query: messagePage(chatId, request.caller.userId, range, known),
        reply([row]) {
          if (row === undefined) return null;
          if (known !== undefined && isSame(known, row)) return reply(known, row);
          const page = makePage(chatId, row);
          cache.set(key, page);
          return reply(page, row);
        },
      });
    },
  };
}

const isSame = (one: PageVersion, other: PageVersion): boolean =>
  one.version === other.version && one.generation === other.generation;

function makePage(chatId: string, row: MessagePageRow): MessagePage {
  const { generation, version, seqs } = row;
  const json = Buffer.from(JSON.stringify(messageObjects(chatId, row, row)));
  return { generation, version, json, firstSeq: seqs[0], lastSeq: seqs.at(-1) };
}
