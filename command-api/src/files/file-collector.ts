import { setTimeout as sleep } from "node:timers/promises";
import type { FileStore } from "@chat/shared/files/file-store";
import type { Service } from "@chat/shared/lifecycle";
import type { Logger } from "@chat/shared/telemetry/logger";
import type { Metrics } from "@chat/shared/telemetry/metrics";
import { BEFORE_ALL_FILES, type FileRows, type StoredRow } from "./file-rows.ts";

/** How often it looks at some files. */
const EVERY_MS = 30_000;
/** How many it looks at in one go: some milliseconds of the database. */
const FILES_A_LOOK = 500;
/** Longer than any upload takes, and than any command is in doubt: until then nobody can say that a file is not wanted. */
const SPARED_SECONDS = 3_600;

/** Which of these files belong to something: to be answered from rows that lack nothing which was acknowledged before. */
export type FilesInUse = (files: readonly StoredRow[]) => Promise<ReadonlySet<string> | "not known now">;

export interface FileCollectorOptions {
  readonly store: Pick<FileStore, "remove">;
  readonly rows: Pick<FileRows, "untouched" | "forget">;
  readonly inUse: FilesInUse;
  /** Of several instances one collects. Two who do at the same time only do it twice. */
  readonly isItsTurn: () => boolean;
  readonly logger: Pick<Logger, "info" | "warn">;
  readonly metrics: Metrics;
  /** For specs; else half a minute. */
  readonly everyMs?: number;
}

/**
 * Removes files that belong to nothing: uploads whose command was refused or never came, files of deleted messages and chats,
 * pictures that were replaced. Every file is looked at in turn, for ever; what is in use is said by the read models alone.
 */
export function createFileCollector(options: FileCollectorOptions): Service {
  const { store, rows, inUse, isItsTurn, logger, metrics } = options;
  const { everyMs = EVERY_MS } = options;
  const removed = metrics.counter("chat_files_collected_total", "Files that belonged to nothing and were removed.");
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let place = BEFORE_ALL_FILES;

  /** At the next files behind those of the last time; from the first again when there are no more. Says how many went. */
  async function lookOnce(): Promise<number> {
    const files = await rows.untouched(place, SPARED_SECONDS, FILES_A_LOOK);
    if (files.length === 0) {
      place = BEFORE_ALL_FILES;
      return 0;
    }
    const used = await inUse(files);
    if (used === "not known now") return 0;
    const unused = files.filter(({ key }) => !used.has(key));
    // First the bytes: a row without them is found again, bytes without a row are not.
    for (const { key } of unused) await store.remove(key);
    if (unused.length > 0) await rows.forget(unused.map(({ key }) => key));
    place = files.length < FILES_A_LOOK ? BEFORE_ALL_FILES : (files.at(-1)?.key ?? BEFORE_ALL_FILES);
    removed.inc(unused.length);
    return unused.length;
  }

  async function run(): Promise<void> {
    const { signal } = stopping;
    while (!signal.aborted) {
      await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
      if (signal.aborted || !isItsTurn()) continue;
      try {
        const count = await lookOnce();
        if (count > 0) logger.info({ count }, "files that belonged to nothing were removed");
      } catch (error) {
        logger.warn({ err: error }, "files that belong to nothing could not be removed now");
      }
    }
  }

  return {
    name: "collector of files",
    start() {
      running = run();
      return Promise.resolve();
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
