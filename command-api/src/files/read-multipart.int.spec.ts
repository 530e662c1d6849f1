import { connect } from "node:net";
import { describe, expect, it } from "@jest/globals";
import { createHttpServer } from "@chat/shared/http/server";
import { kindOfRejection, Rejection } from "@chat/shared/rejection";
import { eventually } from "@chat/shared/testing/eventually";
import { readMultipart } from "./read-multipart.ts";

const asked = "HTTP/1.1 100 Continue\r\n\r\n";
const form = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nbytes\r\n--b--\r\n';
const typed = "Content-Type: multipart/form-data; boundary=b";

describe("a form whose sender waits to be asked for it", () => {
  it.each([
    ["413: when it is too large", [typed, "Content-Length: 100000"]],
    ["415: when it is none", ["Content-Type: text/plain", "Content-Length: 5"]],
  ])("is refused unasked, %s", (status, headers) =>
    withConnection(headers, async ({ heard }) => {
      await eventually(() => expect(heard()).toContain("\r\n\r\n"));
      expect(heard().slice(0, "HTTP/1.1 413".length)).toBe(`HTTP/1.1 ${status.slice(0, 3)}`);
    }),
  );

  it("is asked for and read", () =>
    withConnection([typed, `Content-Length: ${form.length}`], async ({ heard, write }) => {
      await eventually(() => expect(heard()).toBe(asked));
      write(form);
      await eventually(() => expect(heard()).toContain("took 5 bytes"));
    }));
});

interface Connection {
  write(text: string): void;
  /** All that came back. */
  heard(): string;
}

/** To a server that reads one file of at most ten bytes; the head of a request was sent. */
async function withConnection(
  headers: readonly string[],
  use: (connection: Connection) => Promise<void>,
): Promise<void> {
  const server = createHttpServer({
    name: "spec",
    port: 0,
    host: "127.0.0.1",
    listener(request, response) {
      let bytes = 0;
      readMultipart(request, { maxFiles: 1, maxFileBytes: 10 }, async (file) => {
        for await (const chunk of file.bytes) bytes += (chunk as Buffer).length;
      }).then(
        () => response.end(`took ${bytes} bytes`),
        (error: unknown) =>
          response.writeHead(error instanceof Rejection ? kindOfRejection(error.code).status : 500).end(),
      );
    },
  });
  await server.start();
  const socket = connect(server.address().port, "127.0.0.1").setEncoding("utf8");
  let text = "";
  socket.on("data", (chunk: string) => (text += chunk));
  socket.write(["POST / HTTP/1.1", "Host: x", "Expect: 100-continue", ...headers, "", ""].join("\r\n"));
  try {
    await use({ heard: () => text, write: (more) => void socket.write(more) });
  } finally {
    socket.destroy();
    await server.stop();
  }
}
