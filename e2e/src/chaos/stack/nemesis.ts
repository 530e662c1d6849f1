import { setTimeout as pause } from "node:timers/promises";
import type { Chance } from "../../harness/chance.ts";
import type { Victim } from "./stack.ts";

export interface Fault {
  readonly kind: string;
  /** Which of its kind, by a number that may be larger than there are. */
  readonly which: number;
  readonly how: "kill" | "pause";
  readonly forMs: number;
  /** Before the next one. */
  readonly restMs: number;
  /** The next one does not wait until this one is over. */
  readonly overlaps: boolean;
}

const MAX_DOWN_MS = 3_000;
/** Longer than a lease, so that an owner that wakes is no owner any more; shorter than a client's patience by far. */
const MAX_PAUSED_MS = 10_000;
const MAX_REST_MS = 4_000;
const OVERLAPS_ONE_IN = 3;

/** What happens, from chance alone: all kinds of faults in a deck that is shuffled, dealt, and shuffled again. */
export function* dealFaults(kinds: readonly string[], chance: Chance): Generator<Fault, never> {
  for (;;) {
    const deck = kinds.flatMap((kind) => (["kill", "pause"] as const).map((how) => ({ kind, how })));
    while (deck.length > 0) {
      const [card] = deck.splice(chance.below(deck.length), 1);
      if (card === undefined) continue;
      const longest = card.how === "kill" ? MAX_DOWN_MS : MAX_PAUSED_MS;
      yield {
        ...card,
        which: chance.below(2),
        forMs: 200 + chance.below(longest),
        restMs: chance.below(MAX_REST_MS),
        overlaps: chance.oneIn(OVERLAPS_ONE_IN),
      };
    }
  }
}

interface Options {
  readonly victims: ReadonlyMap<string, readonly Victim[]>;
  readonly chance: Chance;
  readonly happens: (what: string) => void;
  /** Then no new fault begins. */
  readonly over: AbortSignal;
  /** Then all that lasts is ended early. */
  readonly interrupted: AbortSignal;
}

/** Kills and pauses until it is over; resolves when everything has been started again and goes on. */
export async function runNemesis({ victims, chance, happens, over, interrupted }: Options): Promise<void> {
  const suffering = new Map<Victim, Promise<void>>();
  for (const fault of dealFaults([...victims.keys()], chance)) {
    const instances = victims.get(fault.kind) ?? [];
    const victim = instances[fault.which % instances.length];
    if (victim === undefined) continue;
    await suffering.get(victim);
    if (over.aborted) break;
    happens(`${fault.how} ${victim.name} for ${fault.forMs} ms`);
    const suffered = inflict(victim, fault, interrupted, happens);
    suffering.set(victim, suffered);
    // Thrown below, when all of them are awaited.
    suffered.catch(() => undefined);
    if (!fault.overlaps) await suffered;
    await pause(fault.restMs, undefined, { signal: over }).catch(() => undefined);
    if (over.aborted) break;
  }
  await Promise.all(suffering.values());
}

/** What cannot be taken away stays, which is told; what cannot be brought back ends the run. */
async function inflict(victim: Victim, fault: Fault, interrupted: AbortSignal, happens: (what: string) => void) {
  const [take, giveBack] =
    fault.how === "kill" ? ([victim.kill, victim.startAgain] as const) : ([victim.pause, victim.goOn] as const);
  try {
    await take();
  } catch (error) {
    // An engine that is busy does not always manage to freeze a container, and leaves it as it was.
    happens(`could not ${fault.how} ${victim.name}: ${error instanceof Error ? error.message : String(error)}`);
    return;
  }
  await pause(fault.forMs, undefined, { signal: interrupted }).catch(() => undefined);
  await giveBack();
}
