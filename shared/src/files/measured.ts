import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { FileTooLarge, type PutOptions, type StoredFile } from "./file-store.ts";

export interface Measured {
  readonly chunks: AsyncIterable<Buffer>;
  /** Of all chunks so far. */
  result(): StoredFile;
}

/** What every adapter does with a source: counts and hashes it on its way through, and ends it when it is too much or aborted. */
export function measured(source: Readable, { maxBytes, signal }: PutOptions): Measured {
  const hash = createHash("sha256");
  let bytes = 0;

  async function* chunks(): AsyncGenerator<Buffer> {
    const abort = (): void => void source.destroy(reasonOf(signal));
    signal?.addEventListener("abort", abort, { once: true });
    try {
      if (signal?.aborted === true) abort();
      // Whoever has to answer for a source that is too large must still be able to read, or drop, the rest of it.
      for await (const chunk of source.iterator({ destroyOnReturn: false })) {
        const piece = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk as Uint8Array | string);
        bytes += piece.length;
        if (bytes > maxBytes) throw new FileTooLarge(maxBytes);
        hash.update(piece);
        yield piece;
      }
      // A source that had ended by itself when it was aborted has no error to tell.
      signal?.throwIfAborted();
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  return { chunks: chunks(), result: () => ({ bytes, sha256: hash.copy().digest("hex") }) };
}

function reasonOf(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return Error.isError(reason) ? reason : new Error("aborted", { cause: reason });
}
