import { createRequire } from "node:module";

interface RequestQueue {
  pending: unknown[];
  scheduleCheckPendingRequests(): void;
}

interface Encoder {
  buf: Buffer;
  offset: number;
  ensureAvailable(bytes: number): void;
  writeUVarInt(value: number): Encoder;
}

interface ClassOf<T> {
  readonly prototype: T;
}

/** Of 32 bits in groups of seven. */
const maxVarIntBytes = 5;

let mended = false;

/**
 * Two places in kafkajs 2.2.4 that cost more than all else that we do with it. The version is pinned, since this reaches
 * into its files; without it everything works as well, only slower.
 */
export function mendKafkajs(): void {
  if (mended) return;
  mended = true;
  const load = createRequire(import.meta.url);
  quietRequestQueue(load("kafkajs/src/network/requestQueue") as ClassOf<RequestQueue>);
  quickVarInts(load("kafkajs/src/protocol/encoder") as ClassOf<Encoder>);
}

/**
 * It looks every millisecond, on every connection and for ever, whether a request that waits may be sent: its timer is
 * set to a time in the past and sets itself again. An idle connection costs 4 % of a core, and Node warns of negative
 * timeouts. Requests wait only while the broker throttles or too many are in flight: then, and only then, it is set.
 */
function quietRequestQueue({ prototype }: ClassOf<RequestQueue>): void {
  const schedule = prototype.scheduleCheckPendingRequests;
  prototype.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    if (this.pending.length > 0) schedule.call(this);
  };
}

/** It makes an array and a buffer for each length that it writes: ten of them for a record with a header. */
function quickVarInts({ prototype }: ClassOf<Encoder>): void {
  prototype.writeUVarInt = function (this: Encoder, value: number): Encoder {
    this.ensureAvailable(maxVarIntBytes);
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.buf[this.offset] = (rest & 0x7f) | 0x80;
      this.offset += 1;
      rest >>>= 7;
    }
    this.buf[this.offset] = rest;
    this.offset += 1;
    return this;
  };
}
