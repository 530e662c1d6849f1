import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { groupOf, sends } from "@chat/shared/testing/chat-facts";
import { eventually } from "@chat/shared/testing/eventually";
import { openSocket, type SocketClient } from "@chat/shared/testing/socket-client";
import type { LogKind } from "./testing/with-log.ts";
import { type PushStack, withRealtime } from "./testing/with-realtime.ts";

/** As often as an instance notes the moment of which a sign of life says that it came later. */
const TICK_MS = 100;
/** Two would do; the rest is for a clock that was read slowly. */
const LATER_TICKS = 10;
const within = { within: 20_000 };
const chat = "0197a3c0-0000-7000-8000-000000000001";
const [alice, bob] = ["1", "2"] as const;

const texts = (client: SocketClient) =>
  client.events().flatMap(({ type, payload }) => (type === "new_message" ? [payload?.["text"]] : []));
const messages = (from: number, upTo: number) =>
  Array.from({ length: upTo - from + 1 }, (_, index) => `message ${String(from + index)}`);

/**
 * Until a sign of life is one of later than whatever began before. Tick by tick: a process that stood still had but one tick
 * meanwhile, and what it hears then may be as old as the one before.
 */
async function later(): Promise<void> {
  for (let tick = 0; tick < LATER_TICKS; tick += 1) await sleep(TICK_MS);
}

/** What holds wherever the log is, for two sockets that look alike. */
export function severalSocketsRules(kind: LogKind): void {
  const withStack = (use: (stack: PushStack) => Promise<void>): Promise<void> => withRealtime(use, {}, { log: kind });

  describe(`two sockets of one device, with the log in ${kind}`, () => {
    it.each([
      ["was cut off, at the instance where it was", 0, "left"],
      ["was cut off, at the other one", 1, "left"],
      ["was closed and comes back, at the instance where it was", 0, "closed"],
    ] as const)(
      "are owed for themselves, on an instance each: what the other has proved is told to the one that %s",
      (_, back, ends) =>
        withStack(async (stack) => {
          await stack.append(chat, alice, groupOf(alice, bob));
          await stack.projected();
          await stack.another();
          const at = (index: number, mute = false): Promise<SocketClient> =>
            openSocket(`ws://127.0.0.1:${stack.ports()[index]}${stack.path(bob)}&device=phone`, { autoPong: !mute });
          const early = await at(0, true);
          const late = await at(1);
          await stack.append(chat, alice, ...sends(1, 3));
          await eventually(() => expect(texts(late)).toEqual(messages(1, 3)), within);
          late.send({ type: "ack", id: "heard", cursor: late.cursor() });
          await eventually(() => expect(late.frames.at(-1)).toMatchObject({ type: "reply", ok: true }), within);
          await stack.isStored(late.cursor());
          // Else the second would be taken for the first, whose end is found late.
          await later();
          if (ends === "left") early.ws.terminate();
          else early.ws.close(1000);
          const states = async () =>
            (await stack.pool.query<{ state: string }>("SELECT state FROM devices.sockets ORDER BY state")).rows;
          await eventually(async () => expect(await states()).toContainEqual({ state: ends }), within);

          const again = await at(back);
          expect(again.frames[0]).toMatchObject({ type: "ready", resumed: true });
          await eventually(() => expect(texts(again)).toEqual(messages(1, 3)), within);
          for (const client of [late, again]) client.ws.terminate();
        }),
    );

    it("are both told what they missed when they were cut off together, whichever is back first, however far it gets", () =>
      withStack(async (stack) => {
        await stack.append(chat, alice, groupOf(alice, bob));
        await stack.projected();
        await stack.another();
        const at = (index: number): Promise<SocketClient> =>
          openSocket(`ws://127.0.0.1:${stack.ports()[index]}${stack.path(bob)}&device=desk`);
        for (const [round, [one, other]] of (
          [
            [0, 0],
            [0, 1],
          ] as const
        ).entries()) {
          const first = 3 * round + 1;
          const cut = [await at(one), await at(other)];
          // Else the second would be taken for the first, whose end is found late.
          await later();
          for (const { ws } of cut) ws.terminate();
          const left = async () =>
            (await stack.pool.query("SELECT FROM devices.sockets WHERE device_id = 'desk' AND state = 'open'"))
              .rowCount;
          await eventually(async () => expect(await left()).toBe(0), within);
          await stack.append(chat, alice, ...sends(first, first + 2));

          const back = await at(other);
          await eventually(() => expect(texts(back)).toEqual(messages(first, first + 2)), within);
          back.send({ type: "ack", id: "heard", cursor: back.cursor() });
          await eventually(() => expect(back.frames.at(-1)).toMatchObject({ type: "reply", ok: true }), within);
          await stack.isStored(back.cursor());
          const late = await at(one);
          await eventually(() => expect(texts(late)).toEqual(messages(first, first + 2)), within);
          late.send({ type: "ack", id: "heard", cursor: late.cursor() });
          await eventually(() => expect(late.frames.at(-1)).toMatchObject({ type: "reply", ok: true }), within);
          // As above: each is seen to be there when the other one has begun.
          await later();
          for (const { ws } of [back, late]) ws.close();
          const open = async () =>
            (await stack.pool.query("SELECT FROM devices.sockets WHERE device_id = 'desk' AND state <> 'closed'"))
              .rowCount;
          await eventually(async () => expect(await open()).toBe(0), within);
        }
      }));
  });
}
