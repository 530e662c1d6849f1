import type { FileStore } from "@chat/shared/files/file-store";
import { BEFORE_ALL_FILES, type FileRows, type StoredRow } from "./file-rows.ts";

/** How many of a user's files are looked at in one go: some milliseconds of the database. */
const FILES_A_LOOK = 500;
/** Who waits for it has an upload under way. Whose room is still too little sends it again, and the next are freed. */
const FREED_AT_ONCE = 100;

/** Which of these files belong to deleted messages and chats, as far as is known by now. */
export type FilesOfDeleted = (files: readonly StoredRow[]) => Promise<ReadonlySet<string>>;

/** Removes a user's files of deleted messages and chats, some at once, and says how many went. Rejects as the store and the database do. */
export type FreeDeleted = (userId: string) => Promise<number>;

interface Dependencies {
  readonly store: Pick<FileStore, "remove">;
  readonly rows: Pick<FileRows, "ofChats" | "forget">;
  readonly ofDeleted: FilesOfDeleted;
}

/** The collector comes to these files too, but late; whose room is used up has deleted them for the sake of that room. */
export function createFreeDeleted({ store, rows, ofDeleted }: Dependencies): FreeDeleted {
  return async (userId) => {
    let freed = 0;
    let after = BEFORE_ALL_FILES;
    for (;;) {
      const files = await rows.ofChats(userId, after, FILES_A_LOOK);
      const last = files.at(-1);
      if (last === undefined) return freed;
      const deleted = await ofDeleted(files);
      const gone = files.filter(({ key }) => deleted.has(key)).slice(0, FREED_AT_ONCE - freed);
      // First the bytes: a row without them is found again, bytes without a row are not.
      for (const { key } of gone) await store.remove(key);
      if (gone.length > 0) await rows.forget(gone.map(({ key }) => key));
      freed += gone.length;
      if (freed >= FREED_AT_ONCE || files.length < FILES_A_LOOK) return freed;
      after = last.key;
    }
  };
}
