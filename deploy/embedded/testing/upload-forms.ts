import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";

const BYTES_BEFORE_THE_CUT = 1_500;

/** Two points by two. */
export const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR42mP4z8AARAwQCgAf7gP9Y167WwAAAABJRU5ErkJggg==",
  "base64",
);

/** A form as browsers send it: one file in `file`, several in `files`. */
export function formOf(...files: readonly (readonly [name: string, bytes: Buffer | string])[]): FormData {
  const form = new FormData();
  const field = files.length === 1 ? "file" : "files";
  for (const [name, bytes] of files) {
    form.append(field, new Blob([typeof bytes === "string" ? bytes : new Uint8Array(bytes)]), name);
  }
  return form;
}

/** The files that lie in a disk store's folder, those that are still coming in too. */
export async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Sends the beginning of a form that says it is longer, and hangs up without a word once that has `arrived`. */
export async function cutUpload(
  origin: string,
  path: string,
  token: string,
  arrived: () => Promise<void>,
): Promise<void> {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => undefined);
  await once(socket, "connect");
  const head =
    '--b\r\nContent-Disposition: form-data; name="file"; filename="cut.bin"\r\nContent-Type: application/octet-stream\r\n\r\n';
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: ${hostname}\r\nAuthorization: Bearer ${token}\r\n` +
      `Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 80000\r\n\r\n${head}`,
  );
  socket.write(Buffer.alloc(BYTES_BEFORE_THE_CUT, 7));
  await arrived();
  socket.destroy();
}
