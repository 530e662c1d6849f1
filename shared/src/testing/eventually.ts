import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 20;
const DEFAULT_WITHIN_MS = 10_000;
const LATE = "late";

export interface EventuallyOptions {
  /** Milliseconds; wide, since a busy machine is no fault of the code. */
  readonly within?: number;
}

/**
 * Calls `check` until it no longer throws, and returns what it returned. When the time is over it throws with what the
 * last call threw, so a check made of `expect`s explains what was last seen. Never hangs on a check that hangs.
 */
export async function eventually<T>(check: () => T | Promise<T>, options: EventuallyOptions = {}): Promise<T> {
  const { within = DEFAULT_WITHIN_MS } = options;
  const over = new AbortController();
  const late = sleep<typeof LATE>(within, LATE, { signal: over.signal }).catch((): typeof LATE => LATE);
  let lastSeen: unknown = new Error("the check has not answered");
  try {
    for (let looks = 1; ; looks += 1) {
      const look = await Promise.race([lookWith(check), late]);
      if (look !== LATE && "value" in look) return look.value;
      if (look !== LATE) lastSeen = look.error;
      if (look === LATE || (await Promise.race([sleep(POLL_MS), late])) === LATE) {
        const said = lastSeen instanceof Error ? lastSeen.message : String(lastSeen);
        throw new Error(`not within ${within} ms (looked ${looks} times), last seen: ${said}`, { cause: lastSeen });
      }
    }
  } finally {
    over.abort();
  }
}

/** Never rejects: a look that is still on its way when the time is over would reject with nobody listening. */
async function lookWith<T>(check: () => T | Promise<T>): Promise<{ value: T } | { error: unknown }> {
  try {
    return { value: await check() };
  } catch (error) {
    return { error };
  }
}
