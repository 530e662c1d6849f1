import { copyFile, stat, truncate } from "node:fs/promises";

/** Of a server that complains all the time, two of these are kept: enough to see how it began, and what it says now. */
const defaultMaxBytes = 8 * 1024 * 1024;
/** A server that writes 100 kB a second is 6 MB over the bound before it is looked at. */
const lookEveryMs = 60_000;

/**
 * Bounds a file that another program appends to: when it is too large, it becomes `<path>.1`, and is begun anew. It is copied
 * and emptied, not renamed, for the other program keeps it open; what is written between the two is lost.
 */
export async function boundFile(path: string, maxBytes = defaultMaxBytes): Promise<void> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0,
  );
  if (size <= maxBytes) return;
  await copyFile(path, `${path}.1`);
  await truncate(path);
}

/** Looks at the file again and again, until it is told to stop. */
export function keepBounded(path: string, failed: (error: unknown) => void): { stop(): void } {
  const timer = setInterval(() => void boundFile(path).catch(failed), lookEveryMs);
  timer.unref();
  return { stop: () => clearInterval(timer) };
}
