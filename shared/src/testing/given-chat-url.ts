/** `CHAT_URL` names a chat that runs already, with whatever is in front of it: stories are then told there. */
export const givenChatUrl = (): string | undefined => process.env.CHAT_URL?.replace(/\/$/, "");
