import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { type FileKey, type FileStore, FileTooLarge, newFileKey } from "@chat/shared/files/file-store";
import { Rejection } from "@chat/shared/rejection";
import type { Logger } from "@chat/shared/telemetry/logger";
import type { NewFile } from "../domain/chat/commands.ts";
import type { CommandOutcome } from "../partition-owner/command-request.ts";
import { fileNameOf } from "./file-name.ts";
import type { FileRows, FileTarget, UserQuota } from "./file-rows.ts";
import type { FreeDeleted } from "./free-deleted.ts";
import { mediaTypeOf, TYPE_BYTES } from "./media-type.ts";
import { type IncomingFile, type Patience, readMultipart, tooLarge, wrongFiles } from "./read-multipart.ts";

/** A page sends a few at once; each holds a connection and a file handle. */
const MAX_UPLOADS_OF_USER = 4;
const MAX_UPLOADS = 64;

export interface UploadLimits extends UserQuota {
  readonly maxFileBytes: number;
}

/** A file that is in the store and counted, and belongs to nothing yet. */
export interface StoredFile {
  readonly key: FileKey;
}

export interface UploadedFile extends NewFile, StoredFile {
  readonly key: FileKey;
  readonly sha256: string;
}

export interface Upload {
  readonly request: IncomingMessage;
  readonly userId: string;
  readonly target: FileTarget;
  readonly maxFiles: number;
}

/** How files come into the store, and out of it again when nothing came of them. */
export interface Uploads {
  /**
   * Stores the files of a form as they come: all of them, or none is left. Rejects with a Rejection, or FileStoreUnavailable.
   */
  take(upload: Upload): Promise<readonly UploadedFile[]>;
  /** Stores bytes that were made here. */
  store(file: {
    userId: string;
    target: FileTarget;
    bytes: Buffer;
  }): Promise<{ readonly key: FileKey; readonly sha256: string }>;
  /**
   * Runs the command that names stored files. They are taken back when it was refused, or was done before with others: then they
   * surely belong to nothing. Of what is in doubt the collector finds out. Rejects as the command does.
   */
  nameBy(files: readonly StoredFile[], command: () => Promise<CommandOutcome>): Promise<CommandOutcome>;
  /** Takes back what was stored and belongs to nothing. Never rejects: what cannot be removed now is found by the collector. */
  release(files: readonly StoredFile[]): Promise<void>;
  /** Counts an upload while it is under way; too_many_requests when there are too many. */
  inTurn<T>(userId: string, work: () => Promise<T>): Promise<T>;
}

interface Dependencies extends Patience {
  readonly store: FileStore;
  readonly rows: Pick<FileRows, "begin" | "count" | "forget" | "used">;
  /** Called when a user's room may not be enough. */
  readonly freeDeleted: FreeDeleted;
  readonly limits: UploadLimits;
  readonly logger: Pick<Logger, "warn">;
}

interface ToPut {
  readonly userId: string;
  readonly target: FileTarget;
  readonly bytes: Readable;
  /** How many bytes it has at most, as far as that is known before they come. */
  readonly announced: number;
  readonly signal?: AbortSignal;
}

export function createUploads({ store, rows, freeDeleted, limits, logger, ...patience }: Dependencies): Uploads {
  const underWay = new Map<string, number>();
  let all = 0;

  /** In bytes; none when the user has as many files as he may have. */
  async function roomFor(userId: string, wanted: number): Promise<number> {
    const room = await roomOf(userId);
    return room < Math.max(wanted, 1) && (await freeDeleted(userId)) > 0 ? roomOf(userId) : room;
  }

  async function roomOf(userId: string): Promise<number> {
    const used = await rows.used(userId);
    return used.files >= limits.maxFiles ? 0 : limits.maxBytes - used.bytes;
  }

  /** Whatever happens, a row stands for the bytes, or there are none. */
  async function put({ userId, target, bytes, announced, signal }: ToPut) {
    const room = await roomFor(userId, Math.min(announced, limits.maxFileBytes));
    if (room <= 0) throw noRoom();
    const key = newFileKey();
    await rows.begin({ key, userId, target });
    try {
      const maxBytes = Math.min(limits.maxFileBytes, room);
      const stored = await store.put(key, bytes, { maxBytes, ...(signal === undefined ? {} : { signal }) });
      // Somebody may have filled the room meanwhile, from another device.
      if (!(await rows.count(key, stored.bytes, limits))) throw noRoom();
      return { key, ...stored };
    } catch (error) {
      await release([{ key }]);
      if (!(error instanceof FileTooLarge)) throw error;
      throw error.maxBytes < limits.maxFileBytes ? noRoom() : tooLarge(limits.maxFileBytes);
    }
  }

  async function release(files: readonly StoredFile[]): Promise<void> {
    if (files.length === 0) return;
    try {
      for (const { key } of files) await store.remove(key);
      await rows.forget(files.map(({ key }) => key));
    } catch (error) {
      logger.warn({ err: error }, "files that nobody needs are left to the collector");
    }
  }

  return {
    async take({ request, userId, target, maxFiles }) {
      const taken: UploadedFile[] = [];
      const announced = Number(request.headers["content-length"] ?? Infinity);

      async function takeOne({ name, bytes }: IncomingFile, signal: AbortSignal): Promise<void> {
        const head: Buffer[] = [];
        const {
          key,
          bytes: size,
          sha256,
        } = await put({
          ...{ userId, target, announced, signal },
          bytes: noting(head, bytes),
        });
        const type = await mediaTypeOf(Buffer.concat(head).subarray(0, TYPE_BYTES));
        taken.push({ key, name: fileNameOf(name), type, size, sha256 });
        if (size === 0) throw wrongFiles("a file with something in it");
      }

      try {
        await readMultipart(request, { maxFiles, maxFileBytes: limits.maxFileBytes, ...patience }, takeOne);
        return taken;
      } catch (error) {
        await release(taken);
        throw error;
      }
    },

    store: ({ userId, target, bytes }) =>
      put({ userId, target, bytes: Readable.from([bytes]), announced: bytes.length }),

    async nameBy(files, command) {
      try {
        const outcome = await command();
        if (outcome.status === "repeated") await release(files);
        return outcome;
      } catch (error) {
        if (error instanceof Rejection && error.code !== "outcome_unknown") await release(files);
        throw error;
      }
    },

    release,

    async inTurn(userId, work) {
      const own = underWay.get(userId) ?? 0;
      if (own >= MAX_UPLOADS_OF_USER || all >= MAX_UPLOADS) {
        throw new Rejection("too_many_requests", "Too many uploads are under way. Try again when some are done.");
      }
      underWay.set(userId, own + 1);
      all += 1;
      try {
        return await work();
      } finally {
        all -= 1;
        const left = (underWay.get(userId) ?? 1) - 1;
        if (left === 0) underWay.delete(userId);
        else underWay.set(userId, left);
      }
    },
  };
}

/** The same bytes; the first of them are kept as they pass. */
function noting(head: Buffer[], bytes: Readable): Readable {
  let noted = 0;
  const passing = Readable.from(
    (async function* () {
      for await (const chunk of bytes.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        if (noted < TYPE_BYTES) head.push(chunk);
        noted += chunk.length;
        yield chunk;
      }
    })(),
    { objectMode: false },
  );
  // Who reads it is told why it ends. When it is found too large nobody reads it any more, and an error that nobody hears is
  // the end of the process.
  passing.on("error", () => undefined);
  return passing;
}

const noRoom = (): Rejection =>
  new Rejection(
    "quota_exceeded",
    "There is no room for more of your files. Delete messages whose files are not needed: then there is.",
  );
