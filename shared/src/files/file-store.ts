import type { Readable } from "node:stream";
import { v7 } from "uuid";

/**
 * What a stored file is called. It is made here and nowhere else: nothing that a person wrote ever becomes a part of a path, and
 * one key is for one file for ever, so whoever has read a file by its key may keep it.
 */
export type FileKey = string & { readonly __brand: "FileKey" };

export const fileKeyPattern = "^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$";
const fileKeyExpression = new RegExp(fileKeyPattern);

export const newFileKey = (): FileKey => v7() as FileKey;
export const isFileKey = (text: string): text is FileKey => fileKeyExpression.test(text);

export interface PutOptions {
  /** One byte more is `FileTooLarge`. */
  readonly maxBytes: number;
  /** When it is aborted the source is destroyed, and `put` rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface StoredFile {
  readonly bytes: number;
  /** Of what was stored, 64 hexadecimal digits. */
  readonly sha256: string;
}

/** Counted from 0, both ends included, as in HTTP; without `end`, or with one behind the file's, up to its end. */
export interface ByteRange {
  readonly start: number;
  readonly end?: number;
}

export interface OpenFile {
  /** To be read to its end or destroyed. It fails, and does not merely end, when the store is lost on the way. */
  readonly stream: Readable;
  /** How many bytes the stream gives. */
  readonly bytes: number;
}

export interface ListedFile {
  readonly key: FileKey;
  readonly bytes: number;
  readonly modifiedAt: Date;
}

/** Stored files for one who only reads them. */
export interface FileSource {
  /**
   * The file, or a part of it; undefined when there is none of this key. Rejects with `FileStoreUnavailable`, and with `RangeError`
   * where the range begins behind the file's last byte.
   */
  open(key: FileKey, range?: ByteRange): Promise<OpenFile | undefined>;
  /** For the start and for `/health/ready`: rejects with `FileStoreUnavailable` when the store cannot be used. */
  check(): Promise<void>;
}

/**
 * Where uploaded bytes are kept. Which chat, message or person a file belongs to is nothing to it, and it changes no bytes.
 * Every wait for the store has a bound; waits for the source have none, for `signal` is there. Adapters pass
 * `file-store.contract.ts`.
 */
export interface FileStore extends FileSource {
  /**
   * Stores the source under the key: whole and durable when it resolves, else nothing can be opened by this key, and nothing
   * is left behind; only where the store's own answer was lost may a file be there nonetheless, and `list` tells it. Holds a few pieces of it in memory, whatever its size. Of one key there is one file: to put it again replaces
   * it whole.
   *
   * Rejects with `FileTooLarge`, `FileStoreUnavailable` (away, or full), with the signal's reason, or with whatever the source failed
   * with. The source is destroyed by an abort only: else what is left of it is its owner's, who may want to answer first.
   */
  put(key: FileKey, source: Readable, options: PutOptions): Promise<StoredFile>;
  /** Resolves as well where there is no such file. Who reads it at this moment may read it to its end. */
  remove(key: FileKey): Promise<void>;
  /** All files, in no order, one page at a time in memory; what is put or removed meanwhile may be in it or not. */
  list(): AsyncIterable<ListedFile>;
  /**
   * To be called once before the first `put`: makes what the store needs, and clears away what uploads have left that ended with their
   * process. An upload that was at work within the last day is left alone, for other processes write here too.
   * Rejects with `CannotStart`.
   */
  prepare(): Promise<void>;
}

/** The source gave more than was allowed; nothing of it was kept. */
export class FileTooLarge extends Error {
  override readonly name = "FileTooLarge";
  readonly maxBytes: number;
  constructor(maxBytes: number) {
    super(`the file is larger than ${String(maxBytes)} bytes`);
    this.maxBytes = maxBytes;
  }
}

/** The store is away, slower than its bound, full, or does not let us in: the same call may succeed later. HTTP answers it with 503. */
export class FileStoreUnavailable extends Error {
  override readonly name = "FileStoreUnavailable";
}

/** What no living upload has touched for so long belongs to one that ended with its process. */
export const LEFTOVER_AFTER_MS = 24 * 60 * 60 * 1_000;
