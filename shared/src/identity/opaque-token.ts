import { createHash, randomBytes } from "node:crypto";

/** 256 bits: nobody guesses one, so a plain hash of it is safe to keep, and quick to look up. */
export const OPAQUE_TOKEN_BYTES = 32;

const form = /^[\w-]{43}$/;

/** A secret that says nothing: 43 characters of base64url. Only its hash is kept. */
export const newOpaqueToken = (): string => randomBytes(OPAQUE_TOKEN_BYTES).toString("base64url");

/** A text that is none cannot have been given out, so it need not be looked for. */
export const isOpaqueToken = (text: string): boolean => form.test(text);

/** What is kept instead of the token: 32 bytes. */
export const hashOfOpaqueToken = (token: string): Buffer => createHash("sha256").update(token).digest();
