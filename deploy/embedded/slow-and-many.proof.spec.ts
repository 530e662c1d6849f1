import { describe, expect, it, jest } from "@jest/globals";
import { groupOf, send } from "@chat/shared/testing/chat-facts";
import { eventually } from "@chat/shared/testing/eventually";
import type { Frame, SocketClient } from "@chat/shared/testing/socket-client";
import { longAwayAndManyRules } from "./slow-and-many.contract.ts";
import { withRealtime } from "./testing/with-realtime.ts";

jest.setTimeout(240_000);

longAwayAndManyRules("postgres", { eventsAway: 100_000, devices: 400, sockets: 1_000 });

const chat = "0197a3c0-0000-7000-8000-000000000001";
const wide = { within: 60_000 };
const READING = 20;
const STOPPED = 200;
const LONG_TEXT = "x".repeat(16_000);
const AT_ONCE = 4;
const MAX_QUEUE_BYTES = 256 * 1024;
/** A control frame at its longest: the farewell goes behind what waits. */
const FAREWELL_BYTES = 127;
/** More for each socket than any kernel here holds: 64 MB. */
const ENOUGH = 4_000;

const range = (from: number, upTo: number): number[] =>
  Array.from({ length: upTo - from + 1 }, (_, index) => from + index);
const seqs = (client: SocketClient): (number | undefined)[] => client.events().map(({ seq }) => seq);
/** Hundreds of devices that keep every long text would fill this process. */
const kept = ({ payload: _payload, ...frame }: Frame): Frame => frame;

describe("hundreds of sockets that stop reading", () => {
  it("do not slow the others, are closed with 4008 before more waits than is allowed, and miss nothing once they are back", () =>
    withRealtime(
      async (stack) => {
        const users = range(1, READING + STOPPED).map(String);
        await stack.append(chat, "1", groupOf(...users));
        await stack.projected();
        await stack.heard();
        const all = await Promise.all(users.map((userId) => stack.connect(userId, "", { kept })));
        const [others, stopped] = [all.slice(0, READING), all.slice(READING)];
        for (const { ws } of stopped) ws.pause();

        let said = 0;
        const say = async (): Promise<void> => {
          const next = range(said + 1, said + AT_ONCE);
          said += AT_ONCE;
          await stack.append(chat, "1", ...next.map((seq) => send(seq, LONG_TEXT)));
          await eventually(
            () => expect(new Set(others.map((client) => seqs(client).length))).toEqual(new Set([said])),
            wide,
          );
        };
        const waiting = async (): Promise<number> => {
          const [bytes, longest] = [
            await stack.metric("realtime_queue_bytes"),
            await stack.metric("realtime_longest_queue_bytes"),
          ];
          expect(longest).toBeLessThanOrEqual(MAX_QUEUE_BYTES + FAREWELL_BYTES);
          expect(bytes).toBeLessThanOrEqual(STOPPED * (MAX_QUEUE_BYTES + FAREWELL_BYTES));
          return bytes;
        };

        // Who is closed is handed nothing more, though he has not read yet that he is.
        for (let handed = Infinity; handed > AT_ONCE * READING;) {
          const before = await stack.metric("realtime_frames_total");
          await say();
          handed = (await stack.metric("realtime_frames_total")) - before;
          await waiting();
          expect(said).toBeLessThan(ENOUGH);
        }
        expect(await waiting()).toBeGreaterThan((STOPPED * MAX_QUEUE_BYTES) / 2);
        for (const { ws } of stopped) ws.resume();
        expect(new Set(await Promise.all(stopped.map(({ closed }) => closed)))).toEqual(new Set([4008]));
        await eventually(async () => expect(await waiting()).toBe(0), wide);

        const comingBack = Promise.all(
          stopped.map((client, index) =>
            stack.connect(users[READING + index] ?? "", `&cursor=${client.cursor()}`, { kept }),
          ),
        );
        await say();
        const back = await comingBack;
        await waiting();
        await say();
        await eventually(
          () => expect(new Set(back.map((client) => seqs(client).at(-1)))).toEqual(new Set([said])),
          wide,
        );
        await waiting();
        const everything = range(1, said);
        for (const client of others) expect(seqs(client)).toEqual(everything);
        const first = stopped.map(seqs);
        for (const [index, client] of back.entries()) {
          expect([...(first[index] ?? []), ...seqs(client)]).toEqual(everything);
        }
      },
      // Only the queue is to close them: not a ping that waits behind the rest, nor how long a busy machine takes to read it all.
      { maxQueueBytes: MAX_QUEUE_BYTES, heartbeatMs: 600_000, closeTimeoutMs: 120_000 },
      { log: "postgres" },
    ));
});
