import { CannotStart } from "@chat/shared/cannot-start";

/** A text that every chat's answer has there. */
export function textIn(body: unknown, field: string): string {
  const value: unknown = typeof body === "object" && body !== null ? Reflect.get(body, field) : undefined;
  if (typeof value === "string") return value;
  throw new CannotStart(`CHAT_URL: what answers there is no chat: an answer has no ${field}`);
}
