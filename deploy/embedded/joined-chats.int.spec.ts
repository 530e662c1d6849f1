import { once } from "node:events";
import { describe, expect, it, jest } from "@jest/globals";
import { WebSocket } from "ws";
import type { MessageObject } from "@chat/shared/api/message-object";
import { attached, attachedLast, deleted, edited, groupOf, send } from "@chat/shared/testing/chat-facts";
import { eventually } from "@chat/shared/testing/eventually";
import { createFrameCheck } from "@chat/shared/testing/frame-check";
import { type PushStack, withRealtime } from "./testing/with-realtime.ts";

jest.setTimeout(60_000);
const chat = "0197a3c0-0000-7000-8000-000000000001";
const [alice, bob] = ["1", "2"] as const;
const within = { within: 30_000 };

interface Told {
  readonly type: string;
  readonly message?: MessageObject;
}

/** A device of Bob's on the socket that shows what is joined, with the chat joined. */
async function join(stack: PushStack, device: string) {
  const path = stack.path(bob).replace("/ws?", `/ws/${bob}?`);
  const url = `ws://127.0.0.1:${stack.port()}${path}&device=${device}`;
  const ws = new WebSocket(url);
  const frames: string[] = [];
  ws.on("message", (data: Buffer) => frames.push(data.toString()));
  const checkFrame = createFrameCheck(url);
  const told = (): Told[] => {
    for (const frame of frames) checkFrame(frame);
    return frames.map((frame) => JSON.parse(frame) as Told);
  };
  await once(ws, "open");
  ws.send(JSON.stringify({ type: "join_chat", chat_id: chat }));
  await eventually(() => expect(told()[0]).toEqual({ type: "joined", chat_id: chat }), within);
  return {
    /** What came after it had joined. */
    told: () => told().slice(1),
    async leave() {
      const closed = once(ws, "close");
      ws.close();
      await closed;
    },
  };
}

describe("a socket that shows what is joined", () => {
  it("is told of files that were added to a message: live, from memory and from the journal the same", () =>
    withRealtime(async (stack) => {
      await stack.append(chat, alice, groupOf(alice, bob));
      const phone = await join(stack, "phone");
      await stack.append(chat, alice, send(1, "look"), edited(1, "look at this"));
      await eventually(() => expect(phone.told()).toHaveLength(2), within);
      for (const device of ["tablet", "watch"]) await (await join(stack, device)).leave();
      // What the journal takes from the message's row must be what the event says.
      const sentAt = phone.told()[0]?.message?.created_at ?? "";
      const editedAt = phone.told()[1]?.message?.edited_at ?? "";
      const facts = { sentAt, editedAt };
      await stack.append(chat, alice, attachedLast(1, "look at this", ["one"], facts));
      await stack.append(chat, bob, { type: "MessageRead", from: 0, upTo: 1, named: null });
      const read = { readCount: 1, fullyRead: true };
      await stack.append(chat, alice, attachedLast(1, "look at this", ["one", "two"], { ...facts, ...read }));
      await eventually(() => expect(phone.told()).toHaveLength(4), within);
      const live = phone.told().slice(2);
      expect(live).toMatchObject([
        { type: "message_updated", message: { files: [{ name: "one" }], read_count: 0, edited_at: editedAt } },
        { type: "message_updated", message: { files: [{ name: "one" }, { name: "two" }], is_read: true } },
      ]);

      const tablet = await join(stack, "tablet");
      await eventually(() => expect(tablet.told()).toEqual(live), within);
      expect(stack.mostAtOnce("catch-up-events")).toBe(0);
      await stack.pastIsIn("the journal");
      const watch = await join(stack, "watch");
      await eventually(() => expect(watch.told()).toEqual(live), within);
      expect(stack.mostAtOnce("catch-up-events")).toBe(1);
    }));

  it("is never told again what a message said, or what its files were, once it was deleted", () =>
    withRealtime(async (stack) => {
      await stack.append(chat, alice, groupOf(alice, bob), send(1, "secret"));
      await stack.heard();
      for (const device of ["tablet", "watch"]) await (await join(stack, device)).leave();
      await stack.append(chat, alice, attachedLast(1, "secret", ["secret.txt"]), deleted(1));
      for (const source of ["the window", "the journal"] as const) {
        await stack.pastIsIn(source);
        const late = await join(stack, source === "the window" ? "tablet" : "watch");
        await eventually(() => expect(late.told()).toHaveLength(2), within);
        expect(late.told()).toMatchObject([
          { type: "message_updated", message: { text: "", deleted: true, files: [] } },
          { type: "message_deleted" },
        ]);
      }
    }));

  it("is not told of files by events that were stored when they did not say what the message was", () =>
    withRealtime(async (stack) => {
      await stack.append(chat, alice, groupOf(alice, bob), send(1));
      await stack.heard();
      const phone = await join(stack, "phone");
      for (const device of ["tablet", "watch"]) await (await join(stack, device)).leave();
      await stack.append(chat, alice, attached(1, 1, "one"), send(2));
      const told = [{ type: "new_message", message: { text: "message 2" } }];
      await eventually(() => expect(phone.told()).toMatchObject(told), within);
      for (const source of ["the window", "the journal"] as const) {
        await stack.pastIsIn(source);
        const late = await join(stack, source === "the window" ? "tablet" : "watch");
        await eventually(() => expect(late.told()).toMatchObject(told), within);
      }
    }));
});
