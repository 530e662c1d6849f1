import type { Bench } from "./bench.ts";
import { median } from "./percentiles.ts";

/** The figures of one measurement, by name: `perSecond`, `cpuPer1000`, `p50`… */
export type Sample = Readonly<Record<string, number>>;

/** Something that is measured, floor and ours in turn. One measurement may answer several lines of the table. */
export interface Experiment {
  readonly name: string;
  open(bench: Bench): Promise<Measurable>;
  /** The medians of all rounds; no floor when there is none to measure. */
  lines(ours: Sample, floor: Sample, sizes: Bench["options"]["sizes"]): readonly Line[];
}

export interface Measurable {
  /** Absent: what is required is a figure, not a ratio. */
  floor?(): Promise<Sample>;
  ours(): Promise<Sample>;
  close(): Promise<void>;
  /** Rounds of both that do not count come first: what is measured is a server that has run for a while. */
  readonly warmUp?: boolean;
  /** Fewer than asked for, where each measurement is long or uses something up. */
  readonly maxRounds?: number;
}

export interface Line {
  readonly work: string;
  readonly unit: string;
  readonly floor: number | null;
  readonly ours: number;
  readonly required: Bound;
  /** Where the bound came from, when it was scaled. */
  readonly note?: string;
  /** The bound as it was before it was scaled by how quick this machine is. */
  readonly unscaled?: number;
}

export interface Bound {
  readonly at: "least" | "most";
  readonly value: number;
}

export const atLeast = (value: number): Bound => ({ at: "least", value });
export const atMost = (value: number): Bound => ({ at: "most", value });

export function isMet({ ours, required }: Line): boolean {
  return isWithin(ours, required);
}

/** Missed against the scaled bound and met against the figure as it was written down: a commit waits for a disk, and a quicker core does not hurry that. */
export function isMetUnscaled({ ours, required, unscaled }: Line): boolean {
  return unscaled !== undefined && isWithin(ours, { at: required.at, value: unscaled });
}

function isWithin(value: number, bound: Bound): boolean {
  return bound.at === "least" ? value >= bound.value : value <= bound.value;
}

/** The value under `name`; a sample without it is a mistake of the experiment. */
export function figure(sample: Sample, name: string): number {
  const value = sample[name];
  if (value === undefined) throw new Error(`no figure named ${name}`);
  return value;
}

export function mediansOf(samples: readonly Sample[]): Sample {
  const names = Object.keys(samples[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, median(samples.map((sample) => figure(sample, name)))]));
}
