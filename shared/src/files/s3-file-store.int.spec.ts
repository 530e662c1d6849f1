import { once } from "node:events";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "@jest/globals";
import { type FileStore, FileStoreUnavailable, newFileKey } from "./file-store.ts";
import { createS3FileStore } from "./s3-file-store.ts";

const LARGE = 6 * 1024 * 1024;
const limit = { maxBytes: LARGE };
const key = newFileKey();

describe("a store that speaks S3, on a bad day", () => {
  it.each([
    { does: "never answers", listener: () => undefined },
    { does: "hangs up", listener: (_, response) => response.destroy() },
    { does: "is broken", listener: (_, response) => answer(response, 500, "InternalError") },
    { does: "is overloaded", listener: (_, response) => answer(response, 503, "SlowDown") },
    { does: "does not know us", listener: (_, response) => answer(response, 403, "InvalidAccessKeyId") },
    { does: "has no such bucket", listener: (_, response) => answer(response, 404, "NoSuchBucket") },
  ] satisfies { does: string; listener: RequestListener }[])("is away, within a bound, when it $does", ({ listener }) =>
    withStore(
      listener,
      async (store) => {
        const small = () => Readable.from([Buffer.from("small")]);
        const calls = [
          store.check(),
          store.open(key),
          store.remove(key),
          store.list()[Symbol.asyncIterator]().next(),
          store.put(key, small(), limit),
          store.put(key, Readable.from([Buffer.alloc(LARGE)]), limit),
        ];
        for (const outcome of await Promise.allSettled(calls)) {
          expect(outcome).toMatchObject({ status: "rejected", reason: expect.any(FileStoreUnavailable) as unknown });
        }
        await expect(store.prepare()).rejects.toThrow(/^S3_BUCKET: cannot keep files in bucket a-bucket: ./);
      },
      impatient,
    ),
  );

  it("gives no half of a file for a whole one", () =>
    withStore(
      (_, response) => {
        response.writeHead(200, { "Content-Length": 100 });
        response.write("half");
        setImmediate(() => response.destroy());
      },
      async (store) => {
        const open = await store.open(key);
        expect(open?.bytes).toBe(100);
        await expect(buffer(open?.stream ?? Readable.from([]))).rejects.toThrow(/aborted/);
      },
    ));

  it("does not hide why an upload ended, even when it does not let us clear away what came of it", () =>
    withStore(
      ({ method, url = "" }, response) => {
        if (method === "POST") response.end("<R><UploadId>an-upload</UploadId></R>");
        else if (method === "PUT" && url.includes("partNumber")) response.writeHead(200, { ETag: '"e"' }).end();
        else answer(response, 403, "AccessDenied");
      },
      async (store) => {
        const lost = new Error("the line went dead");
        const source = Readable.from(
          (async function* () {
            yield Buffer.alloc(LARGE);
            throw lost;
          })(),
        );
        await expect(store.put(key, source, limit)).rejects.toBe(lost);
      },
    ));
});

function answer(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { "Content-Type": "application/xml" });
  response.end(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`);
}

/** A bound that a busy machine may exceed as well: for those only who expect nothing else. */
const impatient = { answerWithinMs: 500 };

async function withStore(
  listener: RequestListener,
  use: (store: FileStore) => Promise<void>,
  patience: { readonly answerWithinMs?: number } = {},
): Promise<void> {
  const server = createServer((request, response) => {
    // Read to its end, or the client would never come to wait for the answer.
    request.resume();
    request.on("end", () => listener(request, response));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const store = createS3FileStore({
      bucket: "a-bucket",
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: "us-east-1",
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
      forcePathStyle: true,
      ...patience,
    });
    await use(store);
  } finally {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }
}
