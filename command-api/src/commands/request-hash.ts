import { createHmac, createSecretKey } from "node:crypto";

/** Enough to tell one request from another; it stands in every keyed event for ever. */
const hashBytes = 12;

/**
 * A keyed hash of what was asked, so that the same idempotency key with another request is noticed. Keyed, because a
 * plain hash of a short text would tell the text to whoever reads the log after it was deleted.
 */
export function createRequestHash(secret: string): (request: object) => string {
  // A key of its own: what signs tokens signs nothing else.
  const key = createSecretKey(createHmac("sha256", secret).update("chat request hash").digest());
  return (request) =>
    createHmac("sha256", key).update(JSON.stringify(request)).digest().subarray(0, hashBytes).toString("base64url");
}
