import { randomFillSync } from "node:crypto";

/** The system is asked once for so many: asked for singly, the bytes of an id cost more than the rest of it. */
const BYTES_A_DRAW = 4_096;

const drawn = Buffer.alloc(BYTES_A_DRAW);
let used = BYTES_A_DRAW;

/** `count` bytes from the system's generator, each handed out once. They are the caller's for good. */
export function drawRandom(count: number): Uint8Array {
  const start = take(count);
  return Uint8Array.prototype.slice.call(drawn, start, start + count);
}

/** `bytes` of the same, as twice as many hexadecimal digits. */
export function randomHex(bytes: number): string {
  const start = take(bytes);
  return drawn.toString("hex", start, start + bytes);
}

function take(count: number): number {
  if (count > BYTES_A_DRAW) throw new RangeError(`${count} random bytes are more than one draw`);
  if (used + count > BYTES_A_DRAW) {
    randomFillSync(drawn);
    used = 0;
  }
  used += count;
  return used - count;
}
