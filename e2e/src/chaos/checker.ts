import type { Line } from "./history.ts";
import { createFileRules } from "./rules/files.ts";
import { createMessageRules } from "./rules/messages.ts";
import { createPeopleRules } from "./rules/people.ts";
import { createPlaces } from "./rules/places.ts";
import { createStreamRules } from "./rules/streams.ts";
import { createViolations, type Report, type Rule, type Violation } from "./rules/violations.ts";

/** The issue of a run: all is well again so soon after the last fault. */
export const CAUGHT_UP_WITHIN_MS = 30_000;

/** A pong has reached the server by then, and what it proved is stored. */
const PROOF_SETTLES_MS = 5_000;

export interface Counts {
  readonly invoked: number;
  readonly ok: number;
  readonly failed: number;
  readonly unknown: number;
  readonly frames: number;
  readonly connections: number;
  readonly faults: number;
  /** At rest. */
  readonly messages: number;
  readonly files: number;
}

export interface Verdict {
  /** The first few of each rule that is broken. */
  readonly violations: readonly Violation[];
  readonly broken: ReadonlyMap<Rule, number>;
  readonly counts: Counts;
}

export interface Checker {
  /** Lines in the order of their time. */
  take(line: Line): void;
  /** After the last line, once. */
  verdict(): Verdict;
}

/**
 * Judges a history, after Jepsen's workload for Kafka: pure, in one pass, so that a long run need not be held in memory.
 * It knows of the chat what a client is promised, and nothing of how that is done.
 */
export function createChecker({ proofSettlesMs = PROOF_SETTLES_MS } = {}): Checker {
  const { report, told, counts: broken } = createViolations();
  const places = createPlaces(report);
  const rules = [
    createMessageRules(report, places),
    createStreamRules(report, places, { proofSettlesMs }),
    createPeopleRules(report),
    createFileRules(report),
  ];
  let files = 0;
  const types = new Map<Line["type"], number>();
  const count = (type: Line["type"]): number => types.get(type) ?? 0;
  return {
    take(line) {
      types.set(line.type, count(line.type) + 1);
      if (line.type === "message") files += line.files?.length ?? 0;
      for (const rule of rules) rule.take(line);
      remark(line, report);
    },
    verdict() {
      for (const rule of rules) rule.finish();
      if (count("looked") === 0) report("nothing unexpected", "nobody could say what is there at rest");
      return {
        violations: told,
        broken: broken(),
        counts: {
          invoked: count("invoke"),
          ok: count("ok"),
          failed: count("fail"),
          unknown: count("info"),
          frames: count("frame"),
          connections: count("open"),
          faults: count("fault"),
          messages: count("message"),
          files,
        },
      };
    },
  };
}

export function checkHistory(lines: Iterable<Line>, options: { proofSettlesMs?: number } = {}): Verdict {
  const checker = createChecker(options);
  for (const line of lines) checker.take(line);
  return checker.verdict();
}

function remark(line: Line, report: Report): void {
  if (line.type === "rebuild" && !line.equal) report("read models equal a rebuild", line.said);
  if (line.type === "unexpected") report("nothing unexpected", line.what);
  if (line.type !== "caught-up") return;
  if (line.ms === null) report("caught up in time", `${line.what} never held all`);
  else if (line.ms > CAUGHT_UP_WITHIN_MS) report("caught up in time", `${line.what} took ${line.ms} ms`);
}
