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

/** Enough that two keys never look alike by chance. */
const fingerprintBytes = 16;

/**
 * Tells whether two instances have the same secret, to be shown in the database. Whoever sees it can try guesses on it, as everybody
 * can who has an access token, which is signed with the same secret and the same hash: it tells him nothing more. It is no
 * signature, and not the key above: what is hashed are other words, and never what a token begins with.
 */
export function fingerprintOf(secret: string): string {
  const whole = createHmac("sha256", secret).update("chat key fingerprint").digest();
  return whole.subarray(0, fingerprintBytes).toString("base64url");
}
