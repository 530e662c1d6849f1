import { jest } from "@jest/globals";
import { givenChatUrl } from "@chat/shared/testing/given-chat-url";
import { useChat } from "./embedded-chat.ts";
import type { Address } from "./user.ts";

/** A busy machine, and several services behind a gateway. */
const STORY_WITHIN_MS = 120_000;

/** The chat that `CHAT_URL` names, else one that runs while the specs of a file do. */
export function useAnyChat(): Address {
  const given = givenChatUrl();
  if (given === undefined) {
    const chat = useChat();
    return () => chat.url();
  }
  jest.setTimeout(STORY_WITHIN_MS);
  return () => Promise.resolve(given);
}
