import type { Frame } from "./api.ts";

interface ChatSoFar {
  version: number;
  /** Of the last new message; undefined until there was one, and after one came back. */
  seq: number | undefined;
  /** The frames of the version that is being told: one event may make several. */
  readonly told: Set<string>;
}

/**
 * What holds for the events of every stream, whatever the story: in each chat every version comes, in order, no frame comes
 * twice, and no new message is left out. Returns a function that throws at the first frame that breaks it.
 */
export function createStreamCheck(): (frame: Frame) => void {
  const chats = new Map<string, ChatSoFar>();
  return (frame) => {
    const { chat_id: chatId, version, type, seq } = frame;
    if (chatId === undefined || version === undefined) return;
    const chat = chats.get(chatId) ?? { version: 0, seq: undefined, told: new Set() };
    chats.set(chatId, chat);
    if (version < chat.version) throw new Error(`after version ${chat.version} came ${describe(frame)}`);
    const entered = type === "create_chat" || chat.version === 0;
    if (!entered && version > chat.version + 1)
      throw new Error(`after version ${chat.version} came ${describe(frame)}`);
    if (version > chat.version) chat.told.clear();
    chat.version = version;
    const told = JSON.stringify([type, frame.payload]);
    if (chat.told.has(told)) throw new Error(`twice came ${describe(frame)}`);
    chat.told.add(told);
    // Whoever was out for a while has not heard what was said meanwhile.
    if (type === "create_chat") chat.seq = undefined;
    if (type !== "new_message" || seq === undefined) return;
    if (chat.seq !== undefined && seq !== chat.seq + 1)
      throw new Error(`after seq ${chat.seq} came ${describe(frame)}`);
    chat.seq = seq;
  };
}

function describe(frame: Frame): string {
  return JSON.stringify(frame).slice(0, 300);
}
