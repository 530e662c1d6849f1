import { LRUCache } from "lru-cache";
import type { Reply, RouteRequest } from "@chat/shared/http/define-route";
import type { LiveRows } from "@chat/shared/read-model/read-live";
import { messageObjects } from "../queries/message-objects.ts";
import type { ChatVersion, ChatVersionRow, ReadChatVersion } from "../queries/chat-versions.ts";
import { messagePage, type MessagePageRow, type MessageRange } from "../queries/message-page.ts";
import type { AnswerRead } from "./answer-read.ts";

/** A page of a chat's messages as it is sent. */
export interface MessagePage extends ChatVersion {
  /**
   * An array of messages, oldest first, as JSON. A text where it is sent once: bytes lie outside V8's heap, and so many that
   * come and go have it look through all of that every second. Bytes where it is kept, which are sent as they are.
   */
  readonly json: string | Buffer;
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
/** Ranges that were asked for once: enough that the newest page of a busy chat is known again. */
const maxAskedOnce = 2_000;

/** A page that is kept, and a row that says that it is still right. */
interface KeptPageRow extends ChatVersionRow {
  readonly kept: MessagePage;
}

/**
 * Keeps pages that were made, by chat and range. All that a page shows follows from the chat's events, so its version
 * says whether a page is still right: every request still asks the database, for membership, position and version, and
 * only the reading and making of a hundred messages is saved.
 *
 * Whoever scrolls back asks for each page once. Kept, these would drive out what many ask for: so a page is kept when it is
 * asked for again.
 */
export function createMessagePages(answerRead: AnswerRead, versionOf: ReadChatVersion): MessagePages {
  const cache = new LRUCache<string, MessagePage>({
    maxSize: maxCachedBytes,
    sizeCalculation: ({ json }) => json.length + bytesBesideJson,
  });
  const askedOnce = new LRUCache<string, true>({ max: maxAskedOnce });

  /** Null when the page has to be made anew. */
  async function keptPage(kept: MessagePage, chatId: string, callerId: string): Promise<LiveRows<KeptPageRow> | null> {
    const { rows, positions } = await versionOf(chatId, callerId);
    return rows.every((row) => isSame(kept, row)) ? { rows: rows.map((row) => ({ ...row, kept })), positions } : null;
  }

  return {
    answer(request, chatId, range, reply) {
      const key = `${chatId} ${range.from} ${range.to} ${range.floor} ${range.limit}`;
      const kept = cache.get(key);
      const { userId } = request.caller;
      return answerRead.ofChat<MessagePageRow | KeptPageRow>(request, chatId, {
        query: messagePage(chatId, userId, range),
        ...(kept === undefined ? {} : { instead: () => keptPage(kept, chatId, userId) }),
        reply([row]) {
          if (row === undefined) return null;
          if ("kept" in row) return reply(row.kept, row);
          const page = makePage(chatId, row);
          if (kept !== undefined || askedOnce.has(key)) cache.set(key, { ...page, json: Buffer.from(page.json) });
          else askedOnce.set(key, true);
          return reply(page, row);
        },
      });
    },
  };
}

const isSame = (one: ChatVersion, other: ChatVersion): boolean =>
  one.version === other.version && one.generation === other.generation;

function makePage(chatId: string, row: MessagePageRow): MessagePage & { readonly json: string } {
  const { generation, version, seqs } = row;
  const json = JSON.stringify(messageObjects(chatId, row, row));
  return { generation, version, json, firstSeq: seqs[0], lastSeq: seqs.at(-1) };
}
