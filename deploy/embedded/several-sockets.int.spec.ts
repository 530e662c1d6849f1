import { describe, expect, it, jest } from "@jest/globals";
import { groupOf, sends } from "@chat/shared/testing/chat-facts";
import { eventually } from "@chat/shared/testing/eventually";
import { openSocket, type SocketClient } from "@chat/shared/testing/socket-client";
import { withRealtime } from "./testing/with-realtime.ts";

jest.setTimeout(60_000);
const within = { within: 20_000 };
const chat = "0197a3c0-0000-7000-8000-000000000001";
const [alice, bob] = ["1", "2"] as const;

const texts = (client: SocketClient) =>
  client.events().flatMap(({ type, payload }) => (type === "new_message" ? [payload?.["text"]] : []));
const messages = (from: number, upTo: number) =>
  Array.from({ length: upTo - from + 1 }, (_, index) => `message ${String(from + index)}`);

describe("two sockets of one device, on an instance each", () => {
  it.each([
    ["the instance where it was", 0],
    ["the other one", 1],
  ])("are owed for themselves: what the other has proved is told to the one that was cut off, at %s", (_, back) =>
    withRealtime(async (stack) => {
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
      await stack.cursorsAreStored();
      early.ws.terminate();
      const states = async () =>
        (await stack.pool.query<{ state: string }>("SELECT state FROM devices.cursors ORDER BY state")).rows;
      await eventually(async () => expect(await states()).toContainEqual({ state: "left" }), within);

      const again = await at(back);
      expect(again.frames[0]).toMatchObject({ type: "ready", resumed: true });
      await eventually(() => expect(texts(again)).toEqual(messages(1, 3)), within);
      for (const client of [late, again]) client.ws.terminate();
    }),
  );
});
