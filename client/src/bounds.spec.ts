import { describe, expect, it } from "@jest/globals";
import { chatFetched, olderFetched, snapshotTaken } from "./apply-fetched.ts";
import { applyFrame } from "./apply-frame.ts";
import { messageSent, messageWritten } from "./outgoing.ts";
import { type ClientState, emptyState, withoutChat } from "./state.ts";
import { createModelChat, me } from "./testing/model-chat.ts";

const send = { kind: "send", who: 1, what: 1 } as const;

describe("what a client holds", () => {
  it.each([
    ["that nobody has looked at", false, 1_000, 200],
    ["that is open", true, 10_500, 10_000],
  ])("of a chat %s is bounded, a run that ends with the newest message", (_what, isOpen, count, most) => {
    const chat = createModelChat();
    let state = snapshotTaken(emptyState(me), [chat.listed()]);
    const { members, messages, unread } = chat.parts;
    const parts = { chat: chat.parts.chat(), members: members(), messages: messages(), unread: unread() };
    if (isOpen) state = chatFetched(state, parts);
    const [first] = chat.step(send);
    if (first?.type !== "new_message") throw new Error("it is no message");
    for (let seq = 1; seq <= count; seq += 1) {
      const payload = { ...first.payload, id: `${chat.chatId}.${seq}`, seq };
      state = applyFrame(state, { ...first, version: seq + 1, seq, payload }).state;
    }
    const held = state.chats.get(chat.chatId);
    expect(held).toMatchObject({ lastSeq: count, unread: count, complete: true });
    expect(held?.messages.length).toBeLessThanOrEqual(most);
    expect(held?.messages.length).toBeGreaterThanOrEqual(most / 2);
    expect(held?.messages.map(({ seq }) => count - seq)).toEqual(
      Array.from({ length: held?.messages.length ?? 0 }, (_, index) => (held?.messages.length ?? 0) - 1 - index),
    );
  });
});

describe("what was changed while one was out of a chat", () => {
  it("is not kept as it was before, even where one was back before the chat was fetched", () => {
    const chat = createModelChat();
    for (let message = 0; message < 120; message += 1) chat.step(send);
    const { members, messages, unread } = chat.parts;
    const fetched = () => ({ chat: chat.parts.chat(), members: members(), messages: messages(), unread: unread() });
    const page = chat.history(1, 20);
    const before = olderFetched(chatFetched(emptyState(me), fetched()), chat.chatId, page);
    expect(before.chats.get(chat.chatId)?.messages[0]?.text).toBe("text 1");
    const removed = { type: "member_removed", chat_id: chat.chatId, version: 122, at: "122" } as const;
    chat.step({ kind: "delete", who: 0, what: 0 });
    chat.step({ kind: "rename", who: 0, what: 0 });
    const back = chatFetched(before, fetched());
    const after = applyFrame(back, { ...removed, payload: { user_id: me, by: "2" } });
    expect(after.hole).toBeNull();
    expect(after.state.chats.get(chat.chatId)).toMatchObject({ complete: false, lastSeq: 120 });
    const again = chatFetched(after.state, fetched()).chats.get(chat.chatId);
    expect(again).toMatchObject({ complete: true, lastSeq: 120 });
    expect(again?.messages[0]?.seq).toBe(21);
  });
});

describe("a message that was acknowledged", () => {
  function acknowledged() {
    const chat = createModelChat();
    const message = { clientMessageId: "an id", chatId: chat.chatId, text: "hello", replyTo: null };
    const listed: ClientState = snapshotTaken(emptyState(me), [chat.listed()]);
    return { chat, state: messageSent(messageWritten(listed, message), "an id", 1) };
  }

  it("is on its way until the stream has brought it, or a snapshot holds a later one", () => {
    const { chat, state } = acknowledged();
    expect(state.outgoing).toMatchObject([{ status: "sent", seq: 1 }]);
    chat.step({ ...send, who: 0 });
    chat.step(send);
    expect(snapshotTaken(state, [chat.listed()]).outgoing).toEqual([]);
  });

  it("is not waited for in a chat that one is no longer in", () => {
    const { chat, state } = acknowledged();
    expect(withoutChat(state, chat.chatId).outgoing).toEqual([]);
  });
});
