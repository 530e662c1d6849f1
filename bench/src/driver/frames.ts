/** 120 bytes, as the peers were measured with. */
export const TEXT =
  "All work and no play makes a long message that is just as long as those that the others had to carry back then, 120 byt.";

const NEW_MESSAGE = Buffer.from('{"type":"new_message"');
const REPLY = Buffer.from('{"type":"reply","id":"');
const OK = Buffer.from('"ok":true');
const SEQ = Buffer.from('"seq":');
const QUOTE = 0x22;
const ZERO = 0x30;

/** What the driver understands of a frame; it is the same for ours and for the floor. */
export type Heard =
  | { readonly kind: "pushed"; readonly seq: number }
  | { readonly kind: "acknowledged"; readonly id: number; readonly seq: number }
  | { readonly kind: "refused"; readonly frame: string }
  | { readonly kind: "other" };

const other: Heard = { kind: "other" };

export function readFrame(buffer: Buffer, start: number, end: number): Heard {
  if (startsWith(buffer, start, NEW_MESSAGE)) {
    return { kind: "pushed", seq: numberBehind(buffer, start, SEQ) };
  }
  if (startsWith(buffer, start, REPLY)) {
    const id = digits(buffer, start + REPLY.length);
    const okAt = buffer.indexOf(QUOTE, start + REPLY.length) + 2;
    if (!startsWith(buffer, okAt, OK)) return { kind: "refused", frame: buffer.toString("utf8", start, end) };
    return { kind: "acknowledged", id, seq: numberBehind(buffer, okAt, SEQ) };
  }
  if (buffer.toString("utf8", start, start + 15) === '{"type":"error"') {
    return { kind: "refused", frame: buffer.toString("utf8", start, end) };
  }
  return other;
}

export function sendFrame(chatId: string, id: number, clientMessageId: string | null): string {
  const key = clientMessageId === null ? "" : `,"client_message_id":"${clientMessageId}"`;
  return `{"type":"send","id":"${id}","chat_id":"${chatId}","text":"${TEXT}"${key}}`;
}

function startsWith(buffer: Buffer, at: number, what: Buffer): boolean {
  for (let index = 0; index < what.length; index += 1) if (buffer[at + index] !== what[index]) return false;
  return true;
}

function numberBehind(buffer: Buffer, from: number, name: Buffer): number {
  return digits(buffer, buffer.indexOf(name, from) + name.length);
}

function digits(buffer: Buffer, from: number): number {
  let value = 0;
  for (let at = from; ; at += 1) {
    const digit = (buffer[at] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) return value;
    value = value * 10 + digit;
  }
}
