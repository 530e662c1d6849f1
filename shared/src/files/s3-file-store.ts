import { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  paginateListObjectsV2,
  S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { CannotStart } from "../cannot-start.ts";
import {
  type ByteRange,
  type FileKey,
  type FileStore,
  FileStoreUnavailable,
  isFileKey,
  LEFTOVER_AFTER_MS,
  type StoredFile,
} from "./file-store.ts";
import { measured } from "./measured.ts";

/** Beside other things that somebody may keep in the same bucket. */
const PREFIX = "files/";

/** The smallest that S3 takes: 10,000 of them are 50 GB. One upload holds as many in memory as are on their way, and the one that grows. */
const PART_BYTES = 5 * 1024 * 1024;
const PARTS_ON_THEIR_WAY = 2;

/** A host that does not take the connection by then is away. */
const CONNECT_WITHIN_MS = 3_000;
/** A part of 5 MiB at 2 Mbit/s. */
const ANSWER_WITHIN_MS = 20_000;
/** A reader who takes nothing for so long loses the connection; he may go on by a range. */
const IDLE_MS = 60_000;
const ATTEMPTS = 3;
/** Each upload and download has one or two. */
const MAX_CONNECTIONS = 128;

export interface S3FileStoreOptions {
  readonly bucket: string;
  /** Of a store that speaks S3; Amazon's own when absent. */
  readonly endpoint?: string | undefined;
  readonly region: string;
  /** The machine's own, found as Amazon's programs do, when absent. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
  /** The bucket in the path, not in the host's name. */
  readonly forcePathStyle: boolean;
  readonly now?: () => number;
  readonly answerWithinMs?: number;
}

/** Files in a bucket, as `files/<key>`. An object appears when its last part has come, whole or not at all. */
export function createS3FileStore(options: S3FileStoreOptions): FileStore {
  const { bucket, now = Date.now } = options;
  const client = clientOf(options);
  const objectOf = (key: FileKey) => {
    if (!isFileKey(key)) throw new TypeError("no key of ours");
    return { Bucket: bucket, Key: `${PREFIX}${key}` };
  };
  const listed = { Bucket: bucket, Prefix: PREFIX };

  async function check(): Promise<void> {
    await fromStore(client.send(new HeadBucketCommand({ Bucket: bucket })));
  }

  async function removeLeftovers(): Promise<void> {
    let page: Partial<ListMultipartUploadsCommandOutput> = {};
    do {
      const after = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
      page = await client.send(new ListMultipartUploadsCommand({ ...listed, ...after }));
      for (const { Key: name, UploadId: id, Initiated: begun } of page.Uploads ?? []) {
        const old = begun !== undefined && begun.getTime() < now() - LEFTOVER_AFTER_MS;
        if (old) await client.send(new AbortMultipartUploadCommand({ Bucket: bucket, Key: name, UploadId: id }));
      }
    } while (page.IsTruncated === true);
  }

  return {
    async put(key, source, putOptions) {
      const { body, sourceFailure, result } = bodyOf(source, putOptions);
      const upload = new Upload({
        client,
        params: { ...objectOf(key), Body: body },
        partSize: PART_BYTES,
        queueSize: PARTS_ON_THEIR_WAY,
      });
      try {
        await upload.done();
      } catch (error) {
        // The upload's own clearing away may have failed after it, and hides it.
        throw sourceFailure() ?? unavailable(error);
      }
      return result();
    },

    async open(key, range) {
      try {
        const command = new GetObjectCommand({ ...objectOf(key), Range: rangeHeader(range) });
        const { Body: stream, ContentLength: bytes } = await client.send(command);
        if (!(stream instanceof Readable) || bytes === undefined)
          throw new FileStoreUnavailable("an answer without a body");
        return { stream, bytes };
      } catch (error) {
        if (isCalled(error, "NoSuchKey")) return undefined;
        if (isCalled(error, "InvalidRange")) throw new RangeError("behind the last byte", { cause: error });
        throw unavailable(error);
      }
    },

    async remove(key) {
      await fromStore(client.send(new DeleteObjectCommand(objectOf(key))));
    },

    async *list() {
      const pages = paginateListObjectsV2({ client }, listed);
      for (;;) {
        const page = await fromStore(pages.next());
        if (page.done === true) return;
        for (const { Key: name = "", Size: bytes = 0, LastModified: modifiedAt } of page.value.Contents ?? []) {
          const key = name.slice(PREFIX.length);
          if (isFileKey(key) && modifiedAt !== undefined) yield { key, bytes, modifiedAt };
        }
      }
    },

    check,

    async prepare() {
      try {
        await check();
        await removeLeftovers();
      } catch (error) {
        const reason = unavailable(error);
        const message = reason instanceof Error ? reason.message : String(reason);
        throw new CannotStart(`S3_BUCKET: cannot keep files in bucket ${bucket}: ${message}`, { cause: error });
      }
    },
  };
}

function clientOf({
  endpoint,
  region,
  credentials,
  forcePathStyle,
  answerWithinMs = ANSWER_WITHIN_MS,
}: S3FileStoreOptions): S3Client {
  return new S3Client({
    region,
    forcePathStyle,
    maxAttempts: ATTEMPTS,
    // Newer checksums are not known to every store that speaks S3; what was stored is hashed here.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: {
      connectionTimeout: CONNECT_WITHIN_MS,
      requestTimeout: answerWithinMs,
      throwOnRequestTimeout: true,
      socketTimeout: IDLE_MS,
      httpAgent: { keepAlive: true, maxSockets: MAX_CONNECTIONS },
      httpsAgent: { keepAlive: true, maxSockets: MAX_CONNECTIONS },
    },
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  });
}

interface Body {
  readonly body: Readable;
  /** What the source failed with, to tell it from what the store does. */
  sourceFailure(): unknown;
  result(): StoredFile;
}

function bodyOf(source: Readable, options: Parameters<FileStore["put"]>[2]): Body {
  const { chunks, result } = measured(source, options);
  let failure: unknown;
  async function* watched(): AsyncGenerator<Buffer> {
    try {
      yield* chunks;
    } catch (error) {
      failure = error;
      throw error;
    }
  }
  return { body: Readable.from(watched(), { highWaterMark: 1 }), sourceFailure: () => failure, result };
}

function rangeHeader(range: ByteRange | undefined): string | undefined {
  if (range === undefined) return undefined;
  return `bytes=${String(range.start)}-${range.end === undefined ? "" : String(range.end)}`;
}

const isCalled = (error: unknown, name: string): boolean => error instanceof S3ServiceException && error.name === name;

async function fromStore<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    throw unavailable(error);
  }
}

/** What an answer without a body, as to HEAD, does not say in words. */
const REASONS: Readonly<Record<number, string>> = {
  301: "it is in another region",
  403: "the store does not let us in",
  404: "there is no such bucket",
};

/** Whatever the store or the way to it says: away, full, not for us. Bugs of our own have neither `$metadata` nor a `code`. */
function unavailable(error: unknown): unknown {
  if (!Error.isError(error) || error instanceof FileStoreUnavailable) return error;
  const { message, name } = error;
  if (error instanceof S3ServiceException) {
    const status = error.$metadata.httpStatusCode;
    const words = (status === undefined ? undefined : REASONS[status]) ?? `${name}: ${message}`;
    return new FileStoreUnavailable(status === undefined ? words : `${words} (HTTP ${String(status)})`, {
      cause: error,
    });
  }
  const isOfTheWay = "$metadata" in error || "code" in error || /^(TimeoutError|CredentialsProviderError)$/.test(name);
  return isOfTheWay ? new FileStoreUnavailable(message === "" ? name : message, { cause: error }) : error;
}
