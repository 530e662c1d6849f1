import { WebSocket } from "ws";
import { type ChatClient, type ChatClientOptions, createChatClient, type News } from "@chat/client/chat-client";
import type { ChatState } from "@chat/client/state";
import { eventually } from "@chat/shared/testing/eventually";
import { checkFrameToClient } from "@chat/shared/testing/check-frame";
import type { User } from "./user.ts";

/** Waits are shorter than people's, so that a story with many of them ends. */
const backoff = { baseMs: 20, maxMs: 500 };

/** A client that runs, and all that it said. At its end it throws when a frame was not as described. */
export interface RunningClient extends ChatClient, AsyncDisposable {
  readonly news: readonly News[];
  /** Of one type, in order. */
  heard<Type extends News["type"]>(type: Type): readonly Extract<News, { type: Type }>[];
}

export function startClient(
  url: string,
  user: Pick<User, "token">,
  options: Partial<ChatClientOptions> = {},
): RunningClient {
  const frames: unknown[] = [];
  const client = createChatClient({
    url,
    backoff,
    credentials: { token: () => user.token, renew: () => Promise.resolve(null) },
    openSocket(address) {
      const socket = new WebSocket(address);
      socket.on("message", (data: Buffer) => frames.push(JSON.parse(data.toString())));
      return socket;
    },
    ...options,
  });
  const news: News[] = [];
  client.subscribe((one) => news.push(one));
  client.start();
  return {
    ...client,
    news,
    heard: <Type extends News["type"]>(type: Type) =>
      news.filter((one): one is Extract<News, { type: Type }> => one.type === type),
    async [Symbol.asyncDispose]() {
      await client.stop();
      frames.forEach(checkFrameToClient);
    },
  };
}

export async function connected(client: RunningClient): Promise<void> {
  await eventually(() => {
    if (client.heard("connected").length === 0) throw new Error(`not connected: ${JSON.stringify(client.news.at(-1))}`);
  });
}

export async function openChat(client: RunningClient, chatId: string): Promise<void> {
  await eventually(() => {
    if (!client.state().chats.has(chatId)) throw new Error("the chat is not known yet");
  });
  await client.open(chatId);
}

/** What a client promises to know as a new one would: of messages, those that both hold; of others' not whether all have read them. */
export function knownOf(client: ChatClient, chatId: string, from = 1) {
  const chat: ChatState | undefined = client.state().chats.get(chatId);
  if (chat === undefined) return undefined;
  const { userId } = client.state();
  return {
    title: chat.chat.title,
    memberIds: [...chat.chat.member_ids].sort(),
    myRole: chat.myRole,
    readUpTo: chat.readUpTo,
    unread: chat.unread,
    lastSeq: chat.lastSeq,
    members: chat.members && [...chat.members].sort(([one], [other]) => Number(one) - Number(other)),
    messages: chat.messages
      .filter(({ seq }) => seq >= from)
      .map(({ read_count: _count, is_read: isRead, read: _read, ...message }) => ({
        ...message,
        ...(message.sender_id === userId ? { isRead } : {}),
      })),
  };
}
