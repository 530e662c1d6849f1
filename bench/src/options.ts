import { parseArgs } from "node:util";

/** How large the rooms and histories are: as in the table of requirements, or just enough to see that all is right. */
export interface Sizes {
  readonly pairs: number;
  readonly room: number;
  readonly crowd: number;
  readonly groups: number;
  readonly groupMembers: number;
  readonly idleSockets: number;
  readonly history: number;
  /** Messages that a device has missed. */
  readonly missed: number;
  /** Sockets that are dropped at once. */
  readonly storm: number;
  /** Sockets that stop reading. */
  readonly stopped: number;
}

export interface Options {
  /** Names of experiments; all when empty. */
  readonly only: readonly string[];
  readonly rounds: number;
  /** How long each measurement lasts. */
  readonly seconds: number;
  /** Checks that nothing is lost, doubled or out of order, and judges no figure. */
  readonly smoke: boolean;
  /** Each message carries a `client_message_id`, so that its key has to be looked up too. */
  readonly clientIds: boolean;
  /** Server and database on one core and the driver on another, as where the required figures come from; else all on any core. */
  readonly pinned: boolean;
  readonly json: string | null;
  /** A folder for the server's CPU profile, which is written when it stops. */
  readonly profile: string | null;
  readonly sizes: Sizes;
}

const full: Sizes = {
  pairs: 32,
  room: 100,
  crowd: 1_000,
  groups: 50,
  groupMembers: 10,
  idleSockets: 2_000,
  history: 100_000,
  missed: 5_000,
  storm: 5_000,
  stopped: 500,
};

const small: Sizes = {
  pairs: 4,
  room: 10,
  crowd: 30,
  groups: 5,
  groupMembers: 4,
  idleSockets: 50,
  history: 500,
  missed: 100,
  storm: 100,
  stopped: 10,
};

export const usage = `npm run bench -- [options]

  --only <name>     only this experiment (may be repeated); the names are listed below
  --rounds <n>      how often each is measured, floor and ours in turn; the median counts (3)
  --seconds <n>     how long each measurement lasts (4)
  --client-ids      send a client_message_id with every message
  --unpinned        server, database and driver on any core, not on one core here and one there
  --smoke           everything small and once: checks correctness, judges no figure
  --json <file>     write the figures of all rounds there
  --profile <dir>   write the server's CPU profile there
  --help            this
`;

/** Throws a TypeError whose message says what is wrong with the arguments; null when help is asked for. */
export function readOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string", multiple: true, default: [] },
      rounds: { type: "string" },
      seconds: { type: "string" },
      smoke: { type: "boolean", default: false },
      unpinned: { type: "boolean", default: false },
      "client-ids": { type: "boolean", default: false },
      json: { type: "string" },
      profile: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return null;
  return {
    only: values.only,
    rounds: positive("rounds", values.rounds ?? (values.smoke ? "1" : "3")),
    seconds: positive("seconds", values.seconds ?? (values.smoke ? "0.3" : "4")),
    smoke: values.smoke,
    clientIds: values["client-ids"],
    pinned: !values.unpinned,
    json: values.json ?? null,
    profile: values.profile ?? null,
    sizes: values.smoke ? small : full,
  };
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new TypeError(`--${name} must be a number above 0`);
  return value;
}
