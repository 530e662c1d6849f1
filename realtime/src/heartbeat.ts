import { pingFrame } from "./websocket-frame.ts";

/** Connections are spread over so many moments of one heartbeat, so that they are not all written to at once. */
const SLOTS = 25;

export interface Beating {
  beat(ping: Buffer, number: number): void;
}

/** One timer for all sockets: each hears a ping once per heartbeat. */
export interface Heartbeat {
  add(beating: Beating): void;
  remove(beating: Beating): void;
  start(): void;
  stop(): void;
}

export function createHeartbeat(everyMs: number): Heartbeat {
  const slots = Array.from({ length: SLOTS }, () => new Set<Beating>());
  let turn = 0;
  let timer: NodeJS.Timeout | undefined;

  function beat(): void {
    turn = (turn + 1) % 2 ** 32;
    const ping = pingFrame(turn);
    for (const beating of slots[turn % SLOTS] ?? []) beating.beat(ping, turn);
  }

  return {
    /** Into the slot that has just had its turn: the first ping comes a whole heartbeat later. */
    add: (beating) => void slots[turn % SLOTS]?.add(beating),
    remove(beating) {
      for (const slot of slots) if (slot.delete(beating)) return;
    },
    start() {
      timer = setInterval(beat, everyMs / SLOTS);
    },
    stop: () => clearInterval(timer),
  };
}
