import type { FrameFromClient } from "@chat/shared/api/frames-from-clients";

/** Said this often, it does not end at the others. */
const SAY_EVERY_MS = 3_000;

/** Says that this user types, as seldom as will do: it may be called at every key. */
export function createOwnTyping(send: (frame: FrameFromClient) => boolean, now = () => performance.now()) {
  const saidAt = new Map<string, number>();
  return (chatId: string, isTyping: boolean): void => {
    const said = saidAt.get(chatId);
    if (isTyping ? said !== undefined && now() - said < SAY_EVERY_MS : said === undefined) return;
    const isSent = send({ type: "typing", chat_id: chatId, is_typing: isTyping });
    if (isTyping && isSent) saidAt.set(chatId, now());
    else saidAt.delete(chatId);
  };
}
