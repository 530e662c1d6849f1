import type { EventLog } from "./event-log.ts";

export interface RememberedEnds {
  /** The log, to be used from now on by all who append. */
  readonly log: EventLog;
  /**
   * The next offset of every partition behind all that was acknowledged so far. What is written and not yet answered
   * need not be counted: nobody has been told of it.
   */
  ends(): Promise<readonly number[]>;
}

/**
 * Knows where a log ends without asking it. Only right where every append of every process passes through the returned
 * log, as where one process has the database to itself. An append without a clear answer moves nothing; the Election
 * that settles it stands behind it, and moves the end past both.
 */
export async function rememberEnds(log: EventLog): Promise<RememberedEnds> {
  const ends = [...(await log.ends())];
  return {
    log: {
      ...log,
      async append(partition, records) {
        const answer = await log.append(partition, records);
        if (answer.status === "appended") {
          ends[partition] = Math.max(ends[partition] ?? 0, answer.baseOffset + records.length);
        }
        return answer;
      },
    },
    ends: () => Promise.resolve([...ends]),
  };
}
