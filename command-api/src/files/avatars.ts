import type { IncomingMessage } from "node:http";
import type { FileKey } from "@chat/shared/files/file-store";
import { createBoundedQueue } from "../bounded-queue.ts";
import type { MakeAvatar } from "./avatar-pictures.ts";
import type { FileTarget } from "./file-rows.ts";
import { type Patience, readMultipart, tooLarge } from "./read-multipart.ts";
import type { Uploads } from "./uploads.ts";

/** A photograph from a phone fits; they are read into memory, so this times `READ_AT_ONCE` is what they may take. */
const MAX_BYTES = 10 * 1024 * 1024;
const READ_AT_ONCE = 8;
const MAX_WAITING = 16;

export interface AvatarUpload {
  readonly request: IncomingMessage;
  readonly userId: string;
  readonly target: FileTarget;
}

/** Takes a picture from a form, makes an avatar of it and stores that. Rejects as `Uploads` and `MakeAvatar` do. */
export type TakeAvatar = (upload: AvatarUpload) => Promise<{ readonly key: FileKey; readonly sha256: string }>;

export function createTakeAvatar(uploads: Uploads, make: MakeAvatar, patience: Patience = {}): TakeAvatar {
  const reading = createBoundedQueue({ atOnce: READ_AT_ONCE, maxWaiting: MAX_WAITING });

  async function picture(request: IncomingMessage): Promise<Buffer> {
    const chunks: Buffer[] = [];
    await readMultipart(request, { maxFiles: 1, maxFileBytes: MAX_BYTES, ...patience }, async ({ bytes }) => {
      let size = 0;
      for await (const chunk of bytes.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        size += chunk.length;
        if (size > MAX_BYTES) throw tooLarge(MAX_BYTES);
        chunks.push(chunk);
      }
    });
    return make(Buffer.concat(chunks));
  }

  return ({ request, userId, target }) =>
    uploads.inTurn(userId, async () => {
      const bytes = await reading.run(() => picture(request));
      return uploads.store({ userId, target, bytes });
    });
}
