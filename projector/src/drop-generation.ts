import { setTimeout as sleep } from "node:timers/promises";
import type { ClientBase } from "pg";

/** How often to look whether transactions that may still read the old generation have ended. */
const lookEveryMs = 200;
/** Longer than any read takes; who is still there has been forgotten, and the next rebuild drops what is left. */
const waitForReadersMs = 60_000;

/**
 * Drops a generation that is no longer live, once every transaction that was there at the switch has ended: each holds
 * a lock on its own virtual id, which everybody may see.
 */
export async function dropWhenUnseen(
  keeper: ClientBase,
  schema: string,
  signal: AbortSignal,
  report: (line: string) => void,
): Promise<void> {
  let older = await transactions(keeper);
  for (let waitedMs = 0; older.size > 0 && !signal.aborted; waitedMs += lookEveryMs) {
    if (waitedMs >= waitForReadersMs) {
      report(`${schema} is still being read; the next rebuild drops it`);
      return;
    }
    await sleep(lookEveryMs, undefined, { signal }).catch(() => undefined);
    const now = await transactions(keeper);
    older = new Set([...older].filter((id) => now.has(id)));
  }
  if (signal.aborted) return;
  await keeper.query(`DROP SCHEMA ${schema} CASCADE`);
  report(`${schema} is dropped`);
}

async function transactions(keeper: ClientBase): Promise<Set<string>> {
  const { rows } = await keeper.query<{ id: string }>(
    "SELECT virtualxid AS id FROM pg_locks WHERE locktype = 'virtualxid' AND granted AND pid <> pg_backend_pid()",
  );
  return new Set(rows.map(({ id }) => id));
}
