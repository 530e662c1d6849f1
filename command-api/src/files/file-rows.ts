import { type FileKey, isFileKey } from "@chat/shared/files/file-store";
import { uuidArray } from "@chat/shared/postgres/binary-array";
import type { Pool } from "pg";

/** What a file is put into the store for. */
export type FileTarget =
  | { readonly kind: "message"; readonly chatId: string; readonly seq: number }
  | { readonly kind: "chat avatar"; readonly chatId: string }
  | { readonly kind: "user avatar" };

/** How much one user may have in the store, whatever it is for. */
export interface UserQuota {
  readonly maxBytes: number;
  readonly maxFiles: number;
}

export interface StoredRow {
  readonly key: FileKey;
  readonly userId: string;
  readonly target: FileTarget;
}

/** The rows that say what is in the store; only this folder reads or writes the schema `files`. */
export interface FileRows {
  /** Before the first byte: what was begun and not finished is found by it. */
  begin(file: StoredRow): Promise<void>;
  /** After the last byte. False, and nothing counted, when it would be more than the user may have. */
  count(key: FileKey, bytes: number, quota: UserQuota): Promise<boolean>;
  /** After the bytes are gone. */
  forget(keys: readonly FileKey[]): Promise<void>;
  used(userId: string): Promise<{ readonly bytes: number; readonly files: number }>;
  /** Behind a key, in the order of keys, at most so many: the user's that are whole and were put there for a chat or its messages. */
  ofChats(userId: string, after: string, limit: number): Promise<readonly StoredRow[]>;
  /** Behind a key, in the order of keys, at most so many: those that nobody has touched since `olderThanSeconds` ago. */
  untouched(after: string, olderThanSeconds: number, limit: number): Promise<readonly StoredRow[]>;
}

interface Row {
  readonly key: string;
  readonly user_id: string;
  readonly kind: FileTarget["kind"];
  readonly chat_id: string | null;
  readonly seq: number | null;
}

/** Where to begin: a key that is before all keys. */
export const BEFORE_ALL_FILES = "00000000-0000-0000-0000-000000000000";

export function createFileRows(pool: Pool): FileRows {
  return {
    async begin({ key, userId, target }) {
      await pool.query("INSERT INTO files.stored (key, user_id, kind, chat_id, seq) VALUES ($1, $2, $3, $4, $5)", [
        key,
        userId,
        target.kind,
        "chatId" in target ? target.chatId : null,
        "seq" in target ? target.seq : null,
      ]);
    },

    async count(key, bytes, { maxBytes, maxFiles }) {
      const { rowCount } = await pool.query(
        `WITH added AS (
           INSERT INTO files.usage AS u (user_id, bytes, files)
           SELECT user_id, $2::bigint, 1 FROM files.stored
           WHERE key = $1 AND bytes IS NULL AND $2::bigint <= $3::bigint AND 1 <= $4::int
           ON CONFLICT (user_id) DO UPDATE SET bytes = u.bytes + excluded.bytes, files = u.files + 1
           WHERE u.bytes + excluded.bytes <= $3::bigint AND u.files < $4::int
           RETURNING user_id
         )
         UPDATE files.stored SET bytes = $2::bigint, touched_at = now() WHERE key = $1 AND EXISTS (SELECT FROM added)`,
        [key, bytes, maxBytes, maxFiles],
      );
      return rowCount === 1;
    },

    async forget(keys) {
      await pool.query(
        `WITH gone AS (
           DELETE FROM files.stored WHERE key = ANY ($1::uuid[]) RETURNING user_id, bytes
         ), freed AS (
           SELECT user_id, sum(bytes) AS bytes, count(bytes) AS files FROM gone GROUP BY user_id
         )
         UPDATE files.usage AS u SET bytes = u.bytes - freed.bytes, files = u.files - freed.files
         FROM freed WHERE u.user_id = freed.user_id AND freed.files > 0`,
        [uuidArray(keys)],
      );
    },

    async used(userId) {
      const { rows } = await pool.query<{ bytes: string; files: number }>(
        "SELECT bytes::text, files FROM files.usage WHERE user_id = $1",
        [userId],
      );
      return { bytes: Number(rows[0]?.bytes ?? 0), files: rows[0]?.files ?? 0 };
    },

    async ofChats(userId, after, limit) {
      const { rows } = await pool.query<Row>(
        `SELECT key::text, user_id::text, kind, chat_id::text, seq FROM files.stored
         WHERE user_id = $1 AND key > $2::uuid AND kind <> 'user avatar' AND bytes IS NOT NULL ORDER BY key LIMIT $3`,
        [userId, after, limit],
      );
      return rows.flatMap(storedRow);
    },

    async untouched(after, olderThanSeconds, limit) {
      const { rows } = await pool.query<Row>(
        `SELECT key::text, user_id::text, kind, chat_id::text, seq FROM files.stored
         WHERE key > $1::uuid AND touched_at < now() - make_interval(secs => $2) ORDER BY key LIMIT $3`,
        [after, olderThanSeconds, limit],
      );
      return rows.flatMap(storedRow);
    },
  };
}

function storedRow({ key, user_id: userId, kind, chat_id: chatId, seq }: Row): readonly StoredRow[] {
  return isFileKey(key) ? [{ key, userId, target: targetOf(kind, chatId ?? "", seq ?? 0) }] : [];
}

function targetOf(kind: FileTarget["kind"], chatId: string, seq: number): FileTarget {
  if (kind === "message") return { kind, chatId, seq };
  return kind === "chat avatar" ? { kind, chatId } : { kind };
}
