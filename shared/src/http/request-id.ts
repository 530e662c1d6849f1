import { randomUUID } from "node:crypto";

/** A caller's own id is kept, so that its log and ours meet; anything that could break a log line is not. */
export function requestIdOf(header: string | readonly string[] | undefined): string {
  return typeof header === "string" && /^[\w.:-]{1,100}$/.test(header) ? header : randomUUID();
}
