import { describe, expect, it } from "@jest/globals";
import type { FileObject } from "@chat/shared/api/file-object";
import { eventually } from "@chat/shared/testing/eventually";
import { createHttpCalls } from "./http-calls.ts";
import { createOutbox } from "./outbox.ts";
import { applyFrame } from "./apply-frame.ts";
import { chatFetched } from "./apply-fetched.ts";
import { type ClientState, emptyState } from "./state.ts";
import { fileSent } from "./uploads.ts";
import { createModelChat, me } from "./testing/model-chat.ts";

type Answer = { readonly status: number; readonly body: object } | "lost" | "lost on the way back";

/** An outbox before a server that keeps files by their keys, and answers the n-th upload as the spec says. */
function play(answerTo: (upload: number, name: string) => Answer = () => ({ status: 201, body: {} })) {
  const chat = createModelChat();
  chat.step({ kind: "send", who: 0, what: 1 });
  const { members, messages, unread } = chat.parts;
  let state: ClientState = chatFetched(emptyState(me), {
    ...{ chat: chat.parts.chat(), members: members(), messages: messages(), unread: unread() },
  });
  const kept = new Map<string, FileObject>();
  const asked: string[] = [];
  let uploads = 0;

  async function upload(init: RequestInit): Promise<Response> {
    uploads += 1;
    const { body, headers } = init;
    const file = body instanceof FormData ? body.get("file") : null;
    if (!(file instanceof File)) throw new Error("there is no file");
    asked.push(file.name);
    const answer = answerTo(uploads, file.name);
    if (answer === "lost") throw new TypeError("no answer");
    if (answer !== "lost on the way back" && answer.status >= 300)
      return new Response(JSON.stringify(answer.body), { status: answer.status });
    const key = new Headers(headers).get("idempotency-key") ?? "";
    const id = String(kept.size + 1);
    const { name, type, size } = file;
    const object = kept.get(key) ?? { id, name, type, size, url: `/files/${id}` };
    kept.set(key, object);
    await file.arrayBuffer();
    if (answer === "lost on the way back") throw new TypeError("no answer");
    return new Response(JSON.stringify({ ...object, files: [object] }), { status: 201 });
  }
  const refusal = { status: 404, body: { code: "not_found", status: 404, detail: "No such chat." } };
  const calls = createHttpCalls({
    url: "http://chat.example",
    credentials: { token: () => "a-token", renew: () => Promise.resolve(null) },
    fetch: (input, init = {}) => {
      const path = new URL(input instanceof Request ? input.url : input).pathname;
      if (path === `/api/messages/${chat.chatId}.1/files`) return upload(init);
      if (path !== `/api/chats/${chat.chatId}/messages`)
        return Promise.resolve(new Response(JSON.stringify(refusal.body), { status: refusal.status }));
      asked.push("the message");
      return Promise.resolve(new Response(JSON.stringify(chat.parts.messages()[0]), { status: 201 }));
    },
  });
  const outbox = createOutbox({
    ...{ calls, backoff: { baseMs: 1, maxMs: 2 }, random: Math.random },
    change: (next) => (state = next(state)),
    refused: () => undefined,
    signedOut: () => undefined,
  });
  outbox.start();
  return {
    ...{ chat, outbox, asked, kept },
    state: () => state,
    filesOf: () => state.chats.get(chat.chatId)?.messages[0]?.files.map(({ name }) => name),
  };
}

const file = (name: string, content = "some bytes"): File => new File([content], name, { type: "text/plain" });

describe("files", () => {
  it("follow their message in the order in which they were chosen, and are its own as soon as they are there", async () => {
    const { chat, outbox, asked, state, filesOf } = play();
    outbox.send(chat.chatId, "look", { files: [file("one"), file("two"), file("three")] });
    expect(state().uploads).toMatchObject([
      { name: "one", status: "waiting", size: 10, sentBytes: 0 },
      { name: "two", status: "waiting" },
      { name: "three", status: "waiting" },
    ]);
    await eventually(() => expect(state().uploads).toEqual([]));
    expect(asked).toEqual(["the message", "one", "two", "three"]);
    expect(filesOf()).toEqual(["one", "two", "three"]);
    outbox.stop();
  });

  it("are sent again with the same key whatever is not settled, and so are never doubled", async () => {
    const hindrances: readonly Answer[] = [
      "lost",
      "lost on the way back",
      { status: 503, body: { code: "outcome_unknown", status: 503 } },
      { status: 429, body: { code: "too_many_requests", status: 429 } },
      "lost on the way back",
    ];
    const { chat, outbox, kept, state, filesOf } = play(
      (upload) => hindrances[upload - 1] ?? { status: 201, body: {} },
    );
    outbox.send(chat.chatId, "look", { files: [file("one"), file("two")] });
    await eventually(() => expect(state().uploads).toEqual([]));
    expect([...kept.values()].map(({ name }) => name)).toEqual(["one", "two"]);
    expect(filesOf()).toEqual(["one", "two"]);
    outbox.stop();
  });

  it("that are refused say why and hold nobody up, until somebody takes them away", async () => {
    const problem = { code: "payload_too_large", status: 413, detail: "Too large." };
    const { chat, outbox, state, filesOf } = play((_, name) => ({
      status: name === "large" ? 413 : 201,
      body: name === "large" ? problem : {},
    }));
    outbox.send(chat.chatId, "look", { files: [file("large"), file("small")] });
    await eventually(() => expect(filesOf()).toEqual(["small"]));
    expect(state().uploads).toMatchObject([{ name: "large", status: "refused", problem }]);
    outbox.discardFile(state().uploads[0]?.key ?? "");
    expect(state().uploads).toEqual([]);
    outbox.stop();
  });

  it("that cannot be read here are not sent for ever", async () => {
    const { chat, outbox, asked, state } = play();
    const gone = Object.assign(file("gone"), {
      slice: () => ({ arrayBuffer: () => Promise.reject(new Error("it is gone")) }),
    });
    outbox.send(chat.chatId, "look", { files: [gone] });
    await eventually(() => expect(state().uploads).toMatchObject([{ status: "refused", problem: "unreadable" }]));
    expect(asked).toEqual(["the message"]);
    outbox.stop();
  });

  it("that are taken back before they went never go", async () => {
    const { chat, outbox, asked, state, filesOf } = play();
    outbox.send(chat.chatId, "look", { files: [file("one"), file("two")] });
    outbox.discardFile(state().uploads[0]?.key ?? "");
    await eventually(() => expect(filesOf()).toEqual(["two"]));
    expect(asked).toEqual(["the message", "two"]);
    outbox.stop();
  });

  it("go with the message that is refused and taken away", async () => {
    const { outbox, asked, state } = play();
    const id = outbox.send("a chat of others", "look", { files: [file("one")] });
    await eventually(() => expect(state().outgoing).toMatchObject([{ status: "refused" }]));
    expect(state().uploads).toMatchObject([{ status: "waiting" }]);
    expect(outbox.discard(id).map(({ name }) => name)).toEqual(["one"]);
    expect(state()).toMatchObject({ outgoing: [], uploads: [] });
    expect(asked).toEqual([]);
    outbox.stop();
  });

  it("and messages that an earlier client was refused are shown again, and nothing is sent", async () => {
    const problem = { code: "not_found", status: 404, title: "Not found", type: "t", detail: "No chat." } as const;
    const { chat, outbox, asked, state } = play();
    outbox.send(chat.chatId, "refused before", { problem });
    outbox.send(chat.chatId, "look", { files: [file("one")] });
    await eventually(() => expect(asked).toEqual(["the message", "one"]));
    expect(state().outgoing.filter(({ status }) => status === "refused")).toMatchObject([
      { text: "refused before", problem },
    ]);
    outbox.stop();
  });

  it("stand in the order of the stream, though an answer is quicker than the frame of somebody's earlier file", () => {
    const chat = createModelChat();
    chat.step({ kind: "send", who: 0, what: 1 });
    const { members, messages, unread } = chat.parts;
    const known = { chat: chat.parts.chat(), members: members(), messages: messages(), unread: unread() };
    const frames = [1, 2].flatMap(() => chat.step({ kind: "attach", who: 0, what: 0 }));
    const [first, second] = messages()[0]?.files ?? [];
    if (first === undefined || second === undefined) throw new Error("there are no files");
    const sent = { key: "a key", chatId: chat.chatId, messageId: `${chat.chatId}.1` };
    const answered = fileSent(chatFetched(emptyState(me), known), sent, [second]);
    const told = frames.reduce((state, frame) => applyFrame(state, frame).state, answered);
    expect(told.chats.get(chat.chatId)?.messages[0]?.files).toEqual([first, second]);
  });
});
