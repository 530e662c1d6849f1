export type Rule =
  | "no acknowledged message is lost"
  | "no message is there twice"
  | "what failed did not happen"
  | "one order for all"
  | "real-time order"
  | "sender order"
  | "dense seq"
  | "a read sees what was acknowledged before it"
  | "an edit that was acknowledged stands"
  | "a deletion that was acknowledged stands"
  | "a file that was acknowledged is there, whole and once"
  | "a device is told everything"
  | "a resuming device is told once"
  | "a connection tells in order"
  | "what was proved is not told again"
  | "nobody is told of what is not his"
  | "a cursor means the same for ever"
  | "unread equals recount"
  | "read by equals recount"
  | "a read that was acknowledged stands"
  | "members are who was let in"
  | "read models equal a rebuild"
  | "caught up in time"
  | "nothing unexpected";

export interface Violation {
  readonly rule: Rule;
  readonly detail: string;
}

export type Report = (rule: Rule, detail: string) => void;

/** Of one rule so many are told, all are counted: a rule that is broken is mostly broken often. */
const TOLD_PER_RULE = 5;

export interface Violations {
  readonly report: Report;
  /** The first few of each rule. */
  readonly told: readonly Violation[];
  counts(): ReadonlyMap<Rule, number>;
}

export function createViolations(): Violations {
  const told: Violation[] = [];
  const counts = new Map<Rule, number>();
  return {
    told,
    counts: () => counts,
    report(rule, detail) {
      const count = (counts.get(rule) ?? 0) + 1;
      counts.set(rule, count);
      if (count <= TOLD_PER_RULE) told.push({ rule, detail });
    },
  };
}
