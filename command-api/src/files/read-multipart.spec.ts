import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Rejection } from "@chat/shared/rejection";
import { readMultipart } from "./read-multipart.ts";

const limits = { maxFiles: 3, maxFileBytes: 100_000 };

function requestWith(body: Buffer, cuts: readonly number[]): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  request.headers = { "content-type": "multipart/form-data; boundary=b" };
  const places = [0, ...cuts.map((cut) => cut % (body.length + 1)).sort((one, other) => one - other), body.length];
  for (const [index, place] of places.entries()) {
    const piece = body.subarray(places[index - 1] ?? 0, place);
    if (piece.length > 0) request.push(piece);
  }
  request.push(null);
  return request;
}

function formOf(files: readonly Uint8Array[]): Buffer {
  const parts = files.flatMap((bytes, index) => [
    Buffer.from(`--b\r\nContent-Disposition: form-data; name="files"; filename="${String(index)}"\r\n\r\n`),
    Buffer.from(bytes),
    Buffer.from("\r\n"),
  ]);
  return Buffer.concat([...parts, Buffer.from("--b--\r\n")]);
}

async function read(request: IncomingMessage): Promise<readonly Buffer[]> {
  const taken: Buffer[] = [];
  await readMultipart(request, limits, async ({ bytes }) => {
    taken.push(Buffer.concat((await bytes.toArray()) as Buffer[]));
  });
  return taken;
}

const files = fc.array(fc.uint8Array({ maxLength: 3_000 }), { minLength: 1, maxLength: 3 });
const cuts = fc.array(fc.nat(20_000), { maxLength: 8 });

describe("a form", () => {
  it("gives its files whole and in order, however it is cut into pieces", async () => {
    await fc.assert(
      fc.asyncProperty(files, cuts, async (sent, at) => {
        const taken = await read(requestWith(formOf(sent), at));
        expect(taken).toEqual(sent.map((bytes) => Buffer.from(bytes)));
      }),
      { numRuns: 200 },
    );
  });

  it("that ends too early, or is no form, is refused and never waited for", async () => {
    const ended = fc.tuple(files, fc.double({ min: 0, max: 1, noNaN: true }));
    const any = fc.oneof(
      ended.map(([sent, part]) => formOf(sent).subarray(0, Math.floor(part * (formOf(sent).length - 5)))),
      fc.uint8Array({ maxLength: 500 }).map((bytes) => Buffer.from(bytes)),
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.concat([Buffer.from("--b\r\n"), bytes])),
    );
    await fc.assert(
      fc.asyncProperty(any, cuts, async (body, at) => {
        await expect(read(requestWith(body, at))).rejects.toBeInstanceOf(Rejection);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ["quotation marks", "the %22best%22.txt", 'the "best".txt'],
    ["line ends", "one%0D%0Atwo.txt", "one\r\ntwo.txt"],
    ["nothing else", "100%25 %41%2F%0d%0a%.txt", "100%25 %41%2F%0d%0a%.txt"],
  ])("names a file as its sender does: browsers encode %s", async (_what, sent, name) => {
    const names: unknown[] = [];
    const head = `--b\r\nContent-Disposition: form-data; name="file"; filename="${sent}"\r\n\r\n`;
    await readMultipart(requestWith(Buffer.from(`${head}bytes\r\n--b--\r\n`), []), limits, async (file) => {
      names.push(file.name);
      await file.bytes.toArray();
    });
    expect(names).toEqual([name]);
  });

  it("whose file is not taken tells so to whoever was at work, and to whoever sent it", async () => {
    const failure = new Error("the disk is full");
    const signals: AbortSignal[] = [];
    const body = formOf([Buffer.alloc(50_000), Buffer.alloc(50_000), Buffer.alloc(50_000)]);
    const reading = readMultipart(requestWith(body, []), limits, async ({ bytes }, signal) => {
      signals.push(signal);
      for await (const _ of bytes) throw failure;
    });
    await expect(reading).rejects.toBe(failure);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });
});
