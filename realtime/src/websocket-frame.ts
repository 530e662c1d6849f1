const FINAL_TEXT = 0x81;
const PING = 0x89;
const PONG = 0x8a;
/** Lengths up to here stand in the second byte itself (RFC 6455, 5.2). */
const MAX_SHORT = 125;
const MAX_16_BIT = 0xffff;

/** A whole WebSocket frame, unmasked as a server's are: made once, written to every socket that is to get it. */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const headerBytes = length <= MAX_SHORT ? 2 : length <= MAX_16_BIT ? 4 : 10;
  const frame = Buffer.allocUnsafe(headerBytes + length);
  frame[0] = FINAL_TEXT;
  if (headerBytes === 2) frame[1] = length;
  else if (headerBytes === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeUInt32BE(0, 2);
    frame.writeUInt32BE(length, 6);
  }
  frame.write(text, headerBytes);
  return frame;
}

/** A ping that carries a number, which comes back in its pong: what was written before it has arrived by then. */
export function pingFrame(number: number): Buffer {
  const frame = Buffer.alloc(6);
  frame[0] = PING;
  frame[1] = 4;
  frame.writeUInt32BE(number, 2);
  return frame;
}

/** The answer to a client's ping, whose payload it brings back: 125 bytes at most, as of every control frame. */
export function pongFrame(payload: Buffer): Buffer {
  return Buffer.concat([Buffer.of(PONG, payload.length), payload]);
}

/** The number in a pong; null when it answers none of our pings (a client may send one unasked). */
export function pongNumber(payload: Buffer): number | null {
  return payload.length === 4 ? payload.readUInt32BE(0) : null;
}
