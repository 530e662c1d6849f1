import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { PassThrough, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "@jest/globals";
import { CannotStart } from "../cannot-start.ts";
import {
  type ByteRange,
  type FileKey,
  type FileStore,
  FileStoreUnavailable,
  FileTooLarge,
  type ListedFile,
  newFileKey,
} from "./file-store.ts";

export interface StoreWorld {
  /** Empty and prepared. */
  readonly store: FileStore;
  /** The same, as another process sees it more than a day later. */
  readonly muchLater: FileStore;
  /** One that is not there, or does not answer. */
  readonly away: FileStore;
  /** Leaves behind what a process does that ends in the middle of an upload. */
  leaveUpload(key: FileKey): Promise<void>;
  /** How many uploads are neither whole nor cleared away. */
  unfinished(): Promise<number>;
}

export type UseStore = (use: (world: StoreWorld) => Promise<void>) => Promise<void>;

/** More than a part of an upload to S3, so that there are two. */
const LARGE = 6 * 1024 * 1024 + 1;
const PIECE = 64 * 1024;
const limit = { maxBytes: 2 * LARGE };

/** What every place for files keeps to. */
export function describeFileStore(name: string, useStore: UseStore): void {
  describe(`files in ${name}`, () => {
    it.each([0, 1, PIECE, LARGE])("come back as they were put, with their length and hash: %d bytes", (bytes) =>
      useStore(async ({ store, unfinished }) => {
        const [key, content] = [newFileKey(), randomBytes(bytes)];
        const sha256 = sha256Of(content);
        expect(await store.put(key, inPieces(content), { maxBytes: bytes })).toEqual({ bytes, sha256 });
        expect(sha256Of(await read(store, key))).toBe(sha256);
        expect(await unfinished()).toBe(0);
      }),
    );

    it("come back in parts, by ranges that are cut at the file's end", () =>
      useStore(async ({ store }) => {
        const key = await putText(store, "0123456789");
        const part = async (range: ByteRange): Promise<string> => String(await read(store, key, range));
        expect(await part({ start: 0, end: 0 })).toBe("0");
        expect(await part({ start: 3, end: 5 })).toBe("345");
        expect(await part({ start: 7 })).toBe("789");
        expect(await part({ start: 9, end: 1_000 })).toBe("9");
        await expect(store.open(key, { start: 10 })).rejects.toThrow(RangeError);
        await expect(store.open(await putText(store, ""), { start: 0 })).rejects.toThrow(RangeError);
      }));

    it("are absent until they are whole", () =>
      useStore(async ({ store }) => {
        const [key, source] = [newFileKey(), new PassThrough()];
        expect(await store.open(key)).toBeUndefined();
        const putting = store.put(key, source, limit);
        source.write(randomBytes(LARGE));
        await once(source, "drain");
        expect(await store.open(key)).toBeUndefined();
        expect(await listed(store)).toEqual([]);
        source.end("the end");
        await putting;
        expect((await read(store, key)).subarray(LARGE).toString()).toBe("the end");
      }));

    it.each([1, LARGE])("leave nothing when their source breaks off after %d bytes, and tell why it did", (bytes) =>
      useStore(async (world) => {
        const lost = new Error("the line went dead");
        const source = Readable.from(
          (async function* () {
            yield* inPieces(randomBytes(bytes));
            throw lost;
          })(),
        );
        await expect(world.store.put(newFileKey(), source, limit)).rejects.toBe(lost);
        await expectNothing(world);
        const cut = new PassThrough();
        const putting = world.store.put(newFileKey(), cut, limit);
        cut.write(randomBytes(bytes));
        cut.destroy();
        await expect(putting).rejects.toMatchObject({ code: "ERR_STREAM_PREMATURE_CLOSE" });
        await expectNothing(world);
      }),
    );

    it.each([1, LARGE])("leave nothing when they are a byte longer than %d, as many as they may have", (maxBytes) =>
      useStore(async (world) => {
        const source = new PassThrough();
        source.write(randomBytes(maxBytes + 1));
        const putting = world.store.put(newFileKey(), source, { maxBytes });
        await expect(putting).rejects.toThrow(new FileTooLarge(maxBytes));
        await expectNothing(world);
        // Whoever has sent it may be told so first.
        expect(source.destroyed).toBe(false);
        source.destroy();
      }),
    );

    it("leave nothing when they are given up, even if their source is silent or was never asked", () =>
      useStore(async (world) => {
        const givingUp = new AbortController();
        const [silent, early] = [new PassThrough(), new PassThrough()];
        const putting = world.store.put(newFileKey(), silent, { ...limit, signal: givingUp.signal });
        silent.write(randomBytes(LARGE));
        await once(silent, "drain");
        const reason = new Error("the server stops");
        givingUp.abort(reason);
        await expect(putting).rejects.toBe(reason);
        expect(silent.destroyed).toBe(true);
        await expect(world.store.put(newFileKey(), early, { ...limit, signal: givingUp.signal })).rejects.toBe(reason);
        await expectNothing(world);
      }));

    it("may come many at once", () =>
      useStore(async ({ store }) => {
        const contents = new Map(Array.from({ length: 12 }, (_, index) => [newFileKey(), randomBytes(index * 1_000)]));
        await Promise.all([...contents].map(([key, content]) => store.put(key, inPieces(content), limit)));
        for (const [key, content] of contents) expect(sha256Of(await read(store, key))).toBe(sha256Of(content));
        const sizes = new Map((await listed(store)).map(({ key, bytes }) => [key, bytes]));
        expect(sizes).toEqual(new Map([...contents].map(([key, { length }]) => [key, length])));
      }));

    it("are listed with their length, and with the time when they came", () =>
      useStore(async ({ store }) => {
        const before = Date.now();
        const key = await putText(store, "abc");
        const [only, ...others] = await listed(store);
        expect([only?.key, only?.bytes, others]).toEqual([key, 3, []]);
        // The store's clock may be another one.
        expect(Math.abs(Number(only?.modifiedAt) - before)).toBeLessThan(600_000);
      }));

    it("are replaced whole when they are put again", () =>
      useStore(async ({ store }) => {
        const key = await putText(store, "the first of them");
        await store.put(key, Readable.from([Buffer.from("second")]), limit);
        expect(String(await read(store, key))).toBe("second");
        expect(await listed(store)).toHaveLength(1);
      }));

    it("are gone when they are removed, and may be removed again; who reads one reads it to its end", () =>
      useStore(async ({ store }) => {
        const content = randomBytes(LARGE);
        const key = newFileKey();
        await store.put(key, inPieces(content), limit);
        const open = await store.open(key);
        await store.remove(key);
        await store.remove(key);
        expect(await store.open(key)).toBeUndefined();
        expect(await listed(store)).toEqual([]);
        expect(sha256Of(await buffer(open?.stream ?? Readable.from([])))).toBe(sha256Of(content));
      }));

    it("are not left half by a process that ended: its upload is cleared away at a start, once it is old", () =>
      useStore(async ({ store, muchLater, leaveUpload, unfinished }) => {
        const whole = await putText(store, "whole");
        await leaveUpload(newFileKey());
        await leaveUpload(newFileKey());
        await store.prepare();
        expect(await unfinished()).toBe(2);
        await muchLater.prepare();
        expect(await unfinished()).toBe(0);
        expect(String(await read(store, whole))).toBe("whole");
      }));

    it("are called by keys of ours and by nothing that somebody wrote", () =>
      useStore(async ({ store }) => {
        for (const key of [
          "",
          "..",
          "../../secret",
          "a/b",
          newFileKey().toUpperCase(),
          `${newFileKey()}/..`,
        ] as FileKey[]) {
          await expect(store.open(key)).rejects.toThrow(TypeError);
          await expect(store.remove(key)).rejects.toThrow(TypeError);
          await expect(store.put(key, Readable.from([]), limit)).rejects.toThrow(TypeError);
        }
      }));

    it("are away, and not absent, when their store is", () =>
      useStore(async ({ store, away }) => {
        const key = await putText(store, "there");
        await store.check();
        const calls = [
          away.check(),
          away.open(key),
          away.remove(key),
          listed(away),
          away.put(key, inPieces(randomBytes(PIECE)), limit),
          away.put(key, inPieces(randomBytes(LARGE)), limit),
        ];
        for (const call of calls) await expect(call).rejects.toThrow(FileStoreUnavailable);
        await expect(away.prepare()).rejects.toThrow(CannotStart);
      }));
  });
}

/** To compare: jest takes minutes for megabytes. */
const sha256Of = (content: Buffer): string => createHash("sha256").update(content).digest("hex");

const inPieces = (content: Buffer): Readable =>
  Readable.from(
    (function* () {
      for (let from = 0; from < content.length; from += PIECE) yield content.subarray(from, from + PIECE);
    })(),
  );

async function putText(store: FileStore, text: string): Promise<FileKey> {
  const key = newFileKey();
  await store.put(key, inPieces(Buffer.from(text)), limit);
  return key;
}

async function read(store: FileStore, key: FileKey, range?: ByteRange): Promise<Buffer> {
  const open = await store.open(key, range);
  const content = await buffer(open?.stream ?? Readable.from([]));
  expect(open?.bytes).toBe(content.length);
  return content;
}

async function listed(store: FileStore): Promise<readonly ListedFile[]> {
  const files: ListedFile[] = [];
  for await (const file of store.list()) files.push(file);
  return files;
}

async function expectNothing({ store, unfinished }: StoreWorld): Promise<void> {
  expect(await listed(store)).toEqual([]);
  expect(await unfinished()).toBe(0);
}
