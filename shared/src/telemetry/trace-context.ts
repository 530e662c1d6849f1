import { randomHex } from "../random.ts";

/** W3C Trace Context, level 1: version, trace, parent, flags. What a later version adds behind them is not ours to read. */
const TRACE_PARENT = /^(?!ff)[0-9a-f]{2}-((?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})(?:-.*)?$/;
const NOT_SAMPLED = "00";
const TRACE_BYTES = 16;
const PARENT_BYTES = 8;

/**
 * The `traceparent` of what is done on behalf of a request: the same trace with a parent of our own, or a new trace
 * where none, or none that can be read, came along.
 */
export function continueTrace(header: string | readonly string[] | undefined): string {
  const [, traceId, flags] = (typeof header === "string" ? TRACE_PARENT.exec(header) : null) ?? [];
  return `00-${traceId ?? randomHex(TRACE_BYTES)}-${randomHex(PARENT_BYTES)}-${flags ?? NOT_SAMPLED}`;
}

/** For log lines: what all lines about one request have in common, on whichever instance. */
export function traceIdOf(traceParent: string | null | undefined): string | undefined {
  return TRACE_PARENT.exec(traceParent ?? "")?.[1];
}

/** The same, out of an event as it stands in the log: for a line that says why it cannot be read, so it may be anything. */
export function traceIdIn(encodedEvent: string): string | undefined {
  return traceIdOf(/"trace":"([0-9a-f-]{1,100})"/.exec(encodedEvent)?.[1]);
}
