import { createHash } from "node:crypto";

/** A few packets: more would only keep the disk busy. */
const LINES = 100;

/** The bytes of a file, which follow from its name: whoever downloads it knows what it should be. */
export function bytesOf(file: string): Buffer<ArrayBuffer> {
  const lines = Array.from({ length: LINES }, (_, line) =>
    createHash("sha256").update(`${file} ${line}`).digest("hex"),
  );
  return Buffer.from(lines.join("\n"));
}

/** A form with the file in it, to be sent once. */
export function formOf(file: string): FormData {
  const form = new FormData();
  form.set("file", new Blob([bytesOf(file)]), file);
  return form;
}
