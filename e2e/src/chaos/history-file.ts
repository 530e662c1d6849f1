import { createReadStream, createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { createInterface } from "node:readline";
import { createChecker, type Verdict } from "./checker.ts";
import type { Entry, Line } from "./history.ts";

/** The history as it is written: a line of JSON each, in the order of their time. */
export interface HistoryFile {
  note(entry: Entry): void;
  /** Of one type, so far. */
  count(type: Line["type"]): number;
  close(): Promise<void>;
}

export function openHistoryFile(path: string): HistoryFile {
  const stream = createWriteStream(path);
  const begin = performance.now();
  const counts = new Map<string, number>();
  return {
    note(entry) {
      const t = Math.round((performance.now() - begin) * 1_000) / 1_000;
      counts.set(entry.type, (counts.get(entry.type) ?? 0) + 1);
      stream.write(`${JSON.stringify({ t, ...entry })}\n`);
    },
    count: (type) => counts.get(type) ?? 0,
    async close() {
      stream.end();
      await finished(stream);
    },
  };
}

/** Reads a history line by line: one of an hour does not fit into memory. */
export async function checkFile(path: string): Promise<Verdict> {
  const checker = createChecker();
  for await (const line of createInterface({ input: createReadStream(path) })) checker.take(JSON.parse(line) as Line);
  return checker.verdict();
}
