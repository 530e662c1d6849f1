/** Late: what was waited for may still happen, and nobody waits for it any more. */
export class TookTooLong extends Error {
  override readonly name = "TookTooLong";
}

/** kafkajs may hang while a broker is away, when connecting and when disconnecting: nothing here waits for it without a bound. */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new TookTooLong(`${what} took longer than ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    // It may fail later, with nobody listening.
    work.catch(() => undefined);
  }
}
