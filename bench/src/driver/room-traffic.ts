import { randomUUID } from "node:crypto";
import { checkDense, createSequence, type Faults } from "../exactly-once.ts";
import { median, percentile } from "../percentiles.ts";
import { readFrame, sendFrame } from "./frames.ts";
import type { DriverSocket } from "./web-socket.ts";

/** A chat with one socket for each member, some of whom send. Each socket shows this chat only. */
export interface Room {
  readonly chatId: string;
  readonly members: readonly DriverSocket[];
  readonly senders: readonly DriverSocket[];
  /** The seq that its next message will have. */
  nextSeq: number;
}

export interface TrafficOptions {
  readonly seconds: number;
  /** Messages that a sender has under way, unacknowledged, at most. */
  readonly window: number;
  readonly clientIds: boolean;
  readonly faults: Faults;
}

export interface TrafficResult {
  readonly messages: number;
  readonly deliveries: number;
  /** From the first send to the last acknowledgement. */
  readonly ackSeconds: number;
  /** From the first send to the last delivery. */
  readonly deliverySeconds: number;
  readonly ackP50: number;
  readonly ackP99: number;
}

/** After the last send. What has not come by then is lost. */
const COMPLETE_WITHIN_MS = 60_000;
/** Where a fault is known already, the run has failed: what is under way may still come, and nobody waits for what is lost. */
const FAULTY_WITHIN_MS = 2_000;

/**
 * As many messages as go through: every sender sends the next as soon as fewer than `window` of its own are under way.
 * Every member must get every message of its room once and in order, every sender an acknowledgement for each of his.
 */
export async function runTraffic(rooms: readonly Room[], options: TrafficOptions): Promise<TrafficResult> {
  const faults: Faults = { ...options.faults, add: fault };
  const startedAt = performance.now();
  const stopAt = startedAt + options.seconds * 1_000;
  const latencies: number[] = [];
  let underWay = 0;
  let messages = 0;
  let deliveries = 0;
  let lastAck = startedAt;
  let lastDelivery = startedAt;
  let owed = 0;
  const done = Promise.withResolvers<undefined>();
  let faulty = false;
  let timer = giveUpAfter(COMPLETE_WITHIN_MS);

  const finished = rooms.map((room) => {
    const acknowledged: number[] = [];
    const firstSeq = room.nextSeq;
    const pushed = room.members.map((_, index) =>
      createSequence(`member ${index} of ${room.chatId}`, firstSeq, faults),
    );
    for (const [index, socket] of room.members.entries()) {
      const sequence = pushed[index] ?? createSequence("nobody", 0, faults);
      const send = room.senders.includes(socket) ? createSender(socket) : null;
      socket.onText = (buffer, start, end) => {
        const heard = readFrame(buffer, start, end);
        if (heard.kind === "pushed") {
          sequence.saw(heard.seq);
          deliveries += 1;
          owed -= 1;
          if (owed === 0) lastDelivery = performance.now();
          checkDone();
        } else if (heard.kind === "acknowledged") {
          send?.acknowledged(heard.id, heard.seq);
        } else if (heard.kind === "refused") {
          faults.add(`refused: ${heard.frame}`);
          done.resolve(undefined);
        }
      };
      send?.fill();
    }

    function createSender(socket: DriverSocket) {
      const sentAt: number[] = [];
      let oldest = 0;
      const sequence = createSequence(`sender in ${room.chatId}, by acknowledgements,`, 0, faults);
      const fill = (): void => {
        while (sentAt.length - oldest < options.window && performance.now() < stopAt) {
          socket.send(sendFrame(room.chatId, sentAt.length, options.clientIds ? randomUUID() : null));
          sentAt.push(performance.now());
          underWay += 1;
          messages += 1;
          owed += room.members.length;
        }
      };
      return {
        fill,
        acknowledged(id: number, seq: number) {
          sequence.saw(id);
          oldest = id + 1;
          underWay -= 1;
          lastAck = performance.now();
          latencies.push(lastAck - (sentAt[id] ?? Number.NaN));
          acknowledged.push(seq);
          fill();
          checkDone();
        },
      };
    }

    return () => {
      checkDense(`${room.chatId}, by acknowledgements,`, acknowledged, firstSeq, faults);
      room.nextSeq = firstSeq + acknowledged.length;
      for (const sequence of pushed) {
        if (sequence.next() !== room.nextSeq)
          faults.add(`lost: a member of ${room.chatId} got up to ${sequence.next() - 1} of ${room.nextSeq - 1}`);
      }
    };
  });

  function checkDone(): void {
    if (underWay === 0 && owed === 0 && performance.now() >= stopAt) done.resolve(undefined);
  }

  function fault(what: string): void {
    options.faults.add(what);
    if (faulty) return;
    faulty = true;
    clearTimeout(timer);
    timer = giveUpAfter(FAULTY_WITHIN_MS);
  }

  /** Milliseconds after the last send. */
  function giveUpAfter(ms: number): NodeJS.Timeout {
    return setTimeout(
      () => {
        options.faults.add(`${underWay} acknowledgements and ${owed} deliveries have not come`);
        done.resolve(undefined);
      },
      stopAt + ms - performance.now(),
    );
  }

  // All may be answered before the time is over: then nobody else would look again.
  const last = setTimeout(checkDone, options.seconds * 1_000 + 1);
  await done.promise;
  // What is found from here on is waited for no more.
  faulty = true;
  clearTimeout(timer);
  clearTimeout(last);
  for (const finish of finished) finish();
  return {
    messages,
    deliveries,
    ackSeconds: (lastAck - startedAt) / 1_000,
    deliverySeconds: (lastDelivery - startedAt) / 1_000,
    ackP50: median(latencies),
    ackP99: percentile(latencies, 0.99),
  };
}
