import { fileTypeFromBuffer } from "file-type";

/** What the type is found out from. Containers such as office documents name what they hold within their first kilobytes. */
export const TYPE_BYTES = 16 * 1024;

/** The media type, from the first bytes of a file and from nothing that anybody says about it. */
export async function mediaTypeOf(head: Buffer): Promise<string> {
  // It reads on where a container is cut off, and that is no fault of the file's.
  const found = await fileTypeFromBuffer(head).catch(() => undefined);
  return found?.mime ?? (isText(head) ? "text/plain" : "application/octet-stream");
}

/** UTF-8 without zero bytes; the last character may be cut. */
function isText(head: Buffer): boolean {
  if (head.includes(0)) return false;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(head, { stream: true });
    return true;
  } catch {
    return false;
  }
}
