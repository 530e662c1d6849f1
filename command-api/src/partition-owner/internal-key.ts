import { createHmac, timingSafeEqual } from "node:crypto";

/** Where instances send one another commands. No gateway routes it, and it is not part of the API. */
export const internalCommandsPath = "/internal/commands";

/** Whoever knows the secret is one of us. A key of its own: what signs tokens signs nothing else. */
export function createInternalKey(secret: string): {
  readonly header: string;
  fits(header: string | undefined): boolean;
} {
  const header = `Bearer ${createHmac("sha256", secret).update("chat internal commands").digest("base64url")}`;
  const expected = Buffer.from(header);
  return {
    header,
    fits(given) {
      const sent = Buffer.from(given ?? "");
      return sent.length === expected.length && timingSafeEqual(sent, expected);
    },
  };
}
