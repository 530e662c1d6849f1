import { parseArgs } from "node:util";

export interface Options {
  /** How long people write. */
  readonly minutes: number;
  readonly seed: number;
  /** A folder for the history and the logs; made in the system's temporary folder when null. */
  readonly out: string | null;
  /** Only judges this history. */
  readonly check: string | null;
  /** Where no Docker engine answers, nothing is run and nothing is wrong, unless this is continuous integration. */
  readonly wherePossible: boolean;
}

export const usage = `npm run chaos -- [options]

Runs the chat with Kafka, two instances of each service, lets people write while processes, broker and database are
killed and paused, and judges from what clients saw. Needs a Docker engine.

  --minutes <n>   how long people write (5)
  --seed <n>      what happens, and when: the same seed kills the same in the same order (random)
  --out <folder>  where the history and the logs go (a new temporary folder)
  --check <file>  judge this history again, and run nothing
  --where-possible  without a Docker engine say so and end well, but not where CI=true
  --help          this

It ends with the verdict. Exit code: 0 all promises held, 1 one was broken, 2 it could not be run.
`;

const MAX_SEED = 2 ** 31 - 1;

/** Throws a TypeError whose message says what is wrong with the arguments; null when help is asked for. */
export function readOptions(args: readonly string[], random: () => number): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string", default: "5" },
      seed: { type: "string" },
      out: { type: "string" },
      check: { type: "string" },
      "where-possible": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return null;
  const minutes = Number(values.minutes);
  if (!(minutes > 0)) throw new TypeError("--minutes must be a number above 0");
  const seed = values.seed === undefined ? Math.floor(random() * MAX_SEED) : Number(values.seed);
  if (!Number.isInteger(seed) || seed < 0 || seed > MAX_SEED)
    throw new TypeError(`--seed must be a whole number from 0 to ${MAX_SEED}`);
  return {
    minutes,
    seed,
    out: values.out ?? null,
    check: values.check ?? null,
    wherePossible: values["where-possible"],
  };
}
