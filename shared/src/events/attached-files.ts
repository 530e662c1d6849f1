import type { FileAttached, FileFacts } from "./chat-events.ts";

/** A file of a message, with all that is kept about it. */
export interface AttachedFile extends NamedFile {
  /** The chat's version when it was attached. */
  readonly version: number;
}

/** What of a file people see, and where its bytes are. */
export interface NamedFile extends FileFacts {
  readonly name: string;
}

/** The files that an event adds. */
export function attachedFiles({ files, content }: FileAttached, version: number): AttachedFile[] {
  return namedFiles(files, content.names).map((file) => ({ ...file, version }));
}

/** What people write stands apart in an event: files and their names, in the same order, put together again. */
export function namedFiles(files: readonly FileFacts[], names: readonly string[]): NamedFile[] {
  return files.map(({ number, key, type, size }, index) => ({ number, key, type, size, name: names[index] ?? "" }));
}
