import { once } from "node:events";
import { describe, expect, it, jest } from "@jest/globals";
import { groupOf, send, sends } from "@chat/shared/testing/chat-facts";
import { eventually } from "@chat/shared/testing/eventually";
import type { SocketClient } from "@chat/shared/testing/socket-client";
import { longAwayAndManyRules } from "./slow-and-many.contract.ts";
import { withRealtime } from "./testing/with-realtime.ts";

jest.setTimeout(120_000);
const chat = "0197a3c0-0000-7000-8000-000000000001";
const [alice, bob, eve] = ["1", "2", "3"] as const;
const wide = { within: 60_000 };
/** More than the kernel holds for a socket, after a few hundred. */
const LONG_TEXT = "x".repeat(16_000);

const seqs = (client: SocketClient): (number | undefined)[] => client.events().map(({ seq }) => seq);
const range = (from: number, upTo: number): number[] =>
  Array.from({ length: upTo - from + 1 }, (_, index) => from + index);

describe("a device that reads too slowly", () => {
  it("is closed with 4008 and goes on through its cursor: nothing is missing and nothing comes twice", () =>
    withRealtime(
      async (stack) => {
        await stack.append(chat, alice, groupOf(alice, bob));
        const slow = await stack.connect(bob);
        slow.ws.pause();
        let seq = 0;
        const closed = slow.closed.then(() => true);
        while (
          !(await Promise.race([closed, stack.append(chat, alice, send((seq += 1), LONG_TEXT)).then(() => false)]))
        ) {
          if (seq === 1_000) slow.ws.resume();
          if (seq > 1_500) throw new Error("it was not closed");
          await new Promise((resolve) => setImmediate(resolve));
        }
        expect(await slow.closed).toBe(4008);
        const again = await stack.connect(bob, `&cursor=${slow.cursor()}`);
        await eventually(() => expect([...seqs(slow).slice(0), ...seqs(again)]).toEqual(range(1, seq)), wide);
      },
      { maxQueueBytes: 256 * 1024 },
    ));

  it("is not told what still waits for it when its session is over", () =>
    withRealtime(
      async (stack) => {
        await stack.append(chat, alice, groupOf(alice, bob));
        const slow = await stack.connect(bob);
        slow.ws.pause();
        const all = range(1, 1_500);
        for (const seq of all) await stack.append(chat, alice, send(seq, LONG_TEXT));
        // The kernel takes no more of it, and much waits here.
        await eventually(
          async () => expect(await stack.metric("realtime_queue_bytes")).toBeGreaterThan(4_000_000),
          wide,
        );
        stack.endSession(bob);
        slow.ws.resume();
        await slow.closed;
        expect(seqs(slow).length).toBeLessThan(all.length - 100);
      },
      { maxQueueBytes: 64 * 1024 * 1024 },
    ));

  it("while it is told what it missed holds up nobody, and waits in bounded memory", () =>
    withRealtime(
      async (stack) => {
        await stack.append(chat, alice, groupOf(alice, bob, eve));
        const [first, other] = [await stack.connect(bob), await stack.connect(eve)];
        first.ws.terminate();
        await first.closed;
        for (let seq = 1; seq <= 1_000; seq += 50) {
          await stack.append(chat, alice, ...range(seq, seq + 49).map((each) => send(each, LONG_TEXT)));
          await eventually(() => expect(other.events()).toHaveLength(seq + 49), wide);
        }
        const slow = await stack.connect(bob, `&cursor=${first.cursor()}`);
        slow.ws.pause();
        await stack.append(chat, alice, ...sends(1_001, 1_010));
        await eventually(() => expect(seqs(other)).toEqual(range(1, 1_010)), wide);
        // A slice and what the kernel takes, of the 16 MB that it missed.
        expect(await stack.metric("realtime_queue_bytes")).toBeLessThan(4 * 1024 * 1024);
        slow.ws.resume();
        await eventually(() => expect(seqs(slow)).toEqual(range(1, 1_010)), wide);
      },
      { maxQueueBytes: 256 * 1024 },
    ));

  it("or not at all is found by the heartbeat, and misses nothing when it is back", () =>
    withRealtime(
      async (stack) => {
        await stack.append(chat, alice, groupOf(alice, bob));
        const halfOpen = await stack.connect(bob, "&device=d", { autoPong: false });
        await once(halfOpen.ws, "ping");
        await stack.append(chat, alice, ...sends(1, 3));
        expect(await halfOpen.closed).toBe(4408);
        const again = await stack.connect(bob, "&device=d");
        await eventually(() => expect(seqs(again)).toEqual([1, 2, 3]));
      },
      { heartbeatMs: 400 },
    ));
});

// The full sizes are the proof's, in slow-and-many.proof.spec.ts.
longAwayAndManyRules("memory", { eventsAway: 20_000, devices: 96, sockets: 200 });
