import { pingFrame } from "./websocket-frame.ts";

/** Connections are spread over so many moments of one heartbeat, so that they are not all written to at once. */
const SLOTS = 25;

export interface Beating {
  /** Once per heartbeat. */
  beat(ping: Buffer, number: number): void;
  /** Between two heartbeats, when it was asked for; false: not now, it is to be asked again. */
  prove(ping: Buffer, number: number): boolean;
}

/** One timer for all sockets: each hears a ping once per heartbeat, and sooner if it is asked for. */
export interface Heartbeat {
  add(beating: Beating): void;
  /** A ping within a twenty-fifth of a heartbeat: what this one was told is to be proved. */
  proveSoon(beating: Beating): void;
  remove(beating: Beating): void;
  start(): void;
  stop(): void;
}

export function createHeartbeat(everyMs: number): Heartbeat {
  const slots = Array.from({ length: SLOTS }, () => new Set<Beating>());
  const toProve = new Set<Beating>();
  let turn = 0;
  let timer: NodeJS.Timeout | undefined;

  function beat(): void {
    turn = (turn + 1) % 2 ** 32;
    const ping = pingFrame(turn);
    for (const beating of slots[turn % SLOTS] ?? []) beating.beat(ping, turn);
    for (const beating of toProve) if (beating.prove(ping, turn)) toProve.delete(beating);
  }

  return {
    /** Into the slot that has just had its turn: the first ping comes a whole heartbeat later. */
    add: (beating) => void slots[turn % SLOTS]?.add(beating),
    proveSoon: (beating) => void toProve.add(beating),
    remove(beating) {
      toProve.delete(beating);
      for (const slot of slots) if (slot.delete(beating)) return;
    },
    start() {
      timer = setInterval(beat, everyMs / SLOTS);
    },
    stop: () => clearInterval(timer),
  };
}
