import { mkdtemp, readdir, rm } from "node:fs/promises";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { createDiskFileStore } from "@chat/shared/files/disk-file-store";
import type { FileStore } from "@chat/shared/files/file-store";
import { defineRoute } from "@chat/shared/http/define-route";
import { eventually } from "@chat/shared/testing/eventually";
import { withHttpServer } from "@chat/shared/testing/http-server";
import { createTakeAvatar } from "./avatars.ts";
import { createUploads } from "./uploads.ts";

const userId = "1";
const target = { kind: "user avatar" } as const;
const head = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n';
const end = "\r\n--b--\r\n";
/** As many as one user may have under way: if one kept its turn for ever, so would all. */
const ALL_TURNS = 4;

interface Ways {
  readonly port: number;
  readonly incoming: () => Promise<readonly string[]>;
}

type Put = FileStore["put"];

interface Options {
  readonly silentMs: number;
  readonly slowly?: (put: Put) => Put;
}

/** Files at /files and avatars at /avatar, as their routes take them, into a folder. */
async function withUploads(options: Options, use: (ways: Ways) => Promise<void>): Promise<void> {
  const { silentMs, slowly = (put: Put) => put } = options;
  const folder = await mkdtemp(join(tmpdir(), "chat-silent-"));
  const disk = createDiskFileStore({ folder });
  await disk.prepare();
  const uploads = createUploads({
    silentMs,
    store: { ...disk, put: slowly(disk.put) },
    rows: {
      begin: () => Promise.resolve(),
      count: () => Promise.resolve(true),
      forget: () => Promise.resolve(),
      used: () => Promise.resolve({ bytes: 0, files: 0 }),
    },
    limits: { maxFileBytes: 5_000_000, maxBytes: 50_000_000, maxFiles: 100 },
    freeDeleted: () => Promise.resolve(0),
    logger: { warn: () => undefined },
  });
  const takeAvatar = createTakeAvatar(uploads, (bytes) => Promise.resolve(bytes), { silentMs });
  const form = { method: "POST", auth: "none", upload: { maxFiles: 1 }, responses: {} } as const;
  const routes = [
    defineRoute({
      ...form,
      summary: "Takes a form",
      path: "/files",
      handle: async ({ incoming: request }) => {
        const taken = await uploads.inTurn(userId, () => uploads.take({ request, userId, target, maxFiles: 1 }));
        return { status: 201, body: { size: taken[0]?.size } };
      },
    }),
    defineRoute({
      ...form,
      summary: "Takes a form",
      path: "/avatar",
      handle: async ({ incoming: request }) => ({
        status: 201,
        body: await takeAvatar({ request, userId, target }),
      }),
    }),
  ];
  const authenticate = (): never => {
    throw new Error("nobody is asked who they are");
  };
  try {
    await withHttpServer({ routes, authenticate }, ({ port }) =>
      use({ port, incoming: () => readdir(join(folder, "incoming")) }),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A connection on which a form was begun that has this many bytes after its part's header. */
async function begin(port: number, path: string, bytes: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  const length = head.length + bytes + end.length;
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: chat\r\nContent-Type: multipart/form-data; boundary=b\r\n` +
      `Content-Length: ${String(length)}\r\n\r\n${head}`,
  );
  return socket;
}

async function upload(port: number, path: string, bytes: Buffer): Promise<string> {
  const socket = await begin(port, path, bytes.length);
  let heard = "";
  socket.setEncoding("utf8").on("data", (piece: string) => (heard += piece));
  socket.write(bytes);
  socket.write(end);
  await eventually(() => expect(heard).toContain("\r\n\r\n"));
  socket.destroy();
  return heard;
}

describe("an upload that falls silent after its first bytes", () => {
  it.each(["/files", "/avatar"])("is ended: 408, nothing of it is left, and its turn is free again (%s)", (path) =>
    withUploads({ silentMs: 300 }, async ({ port, incoming }) => {
      const silent = await Promise.all(Array.from({ length: ALL_TURNS }, () => begin(port, path, 300)));
      for (const socket of silent) socket.write("abc");
      // To its end: a connection of which nothing more is to be hoped is closed.
      for (const answer of await Promise.all(silent.map((socket) => text(socket)))) {
        expect(answer).toMatch(/^HTTP\/1\.1 408 [^]*"code":"request_timeout"/);
      }
      expect(await incoming()).toEqual([]);
      expect(await upload(port, path, Buffer.from("abc"))).toMatch(/^HTTP\/1\.1 201 /);
    }),
  );
});

describe("a store that takes longer than a sender may be silent", () => {
  it("is no silence of the sender", () => {
    const silentMs = 2_000;
    const slowly =
      (put: Put): Put =>
      async (...file) => {
        await pause(2 * silentMs);
        return put(...file);
      };
    return withUploads({ silentMs, slowly }, async ({ port }) => {
      expect(await upload(port, "/files", Buffer.alloc(1_000_000))).toMatch(/^HTTP\/1\.1 201 [^]*"size":1000000/);
    });
  });
});
