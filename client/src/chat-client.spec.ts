import { describe, expect, it } from "@jest/globals";
import type { FrameToClient } from "@chat/shared/api/frames-to-clients";
import { eventually } from "@chat/shared/testing/eventually";
import { createChatClient, type News } from "./chat-client.ts";
import type { Socket } from "./stream.ts";
import { createModelChat, me } from "./testing/model-chat.ts";

const second = { who: 1, what: 1 };

/** A client between a server and a socket that the spec plays. */
function play(answerSend: (attempt: number) => { status: number; body: object }) {
  const chat = createModelChat();
  const asked: string[] = [];
  const sockets: { readonly url: URL; readonly hear: (frame: object) => void; readonly end: (code: number) => void }[] =
    [];
  let attempts = 0;

  const answers: Readonly<Record<string, () => { status?: number; body: unknown }>> = {
    "GET /users/me": () => ({ body: { id: me } }),
    "GET /chats": () => ({ body: [chat.listed()] }),
    "POST /ws-ticket": () => ({ body: { ticket: "a-ticket" } }),
    "GET /unread": () => ({ body: { total: 0, chats: {} } }),
    [`GET /chats/${chat.chatId}`]: () => ({ body: chat.parts.chat() }),
    [`GET /chats/${chat.chatId}/members`]: () => ({ body: chat.parts.members() }),
    [`GET /chats/${chat.chatId}/messages`]: () => ({ body: chat.parts.messages() }),
    [`POST /chats/${chat.chatId}/messages`]: () => answerSend((attempts += 1)),
  };
  const fakeFetch: typeof fetch = (input, init) => {
    const call = `${init?.method ?? "GET"} ${new URL(input instanceof Request ? input.url : input).pathname.replace("/api", "")}`;
    asked.push(call);
    const { status = 200, body } = answers[call]?.() ?? { status: 404, body: {} };
    const headers = { "Chat-Position": `position ${asked.filter((one) => one === "GET /chats").length}` };
    return Promise.resolve(new Response(JSON.stringify(body), { status, headers }));
  };
  function openSocket(url: string): Socket {
    const listeners = new Map<string, (event: never) => void>();
    const call = (type: string, event: object): void => listeners.get(type)?.(event as never);
    sockets.push({
      url: new URL(url),
      hear: (frame) => call("message", { data: JSON.stringify(frame) }),
      end: (code) => call("close", { code }),
    });
    return {
      readyState: 1,
      send: () => undefined,
      close: () => undefined,
      addEventListener: (type: string, listener: (event: never) => void) => void listeners.set(type, listener),
    };
  }
  const news: News[] = [];
  const client = createChatClient({
    url: "http://chat.example",
    credentials: { token: () => "a-token", renew: () => Promise.resolve(null) },
    fetch: fakeFetch,
    openSocket,
    backoff: { baseMs: 1, maxMs: 2 },
  });
  client.subscribe((one) => news.push(one));
  client.start();
  return {
    chat,
    client,
    news,
    asked,
    /** Once there are so many sockets, the last. */
    socket: async (count: number) => {
      await eventually(() => expect(sockets.length).toBeGreaterThanOrEqual(count));
      const socket = sockets[count - 1];
      if (socket === undefined) throw new Error(`there is no socket ${count}`);
      return socket;
    },
    snapshots: () => asked.filter((call) => call === "GET /chats").length,
    lastSeq: () => client.state().chats.get(chat.chatId)?.lastSeq,
  };
}

const ready = (cursor: string | null, resumed = true): FrameToClient => ({
  type: "ready",
  user_id: me,
  device_id: "d",
  cursor: cursor ?? "",
  resumed,
  heartbeat: 25,
});
const neverSent = () => ({ status: 500, body: {} });

describe("a client", () => {
  it("opens its stream at the position of its snapshot, and the next one behind the last event", async () => {
    const { chat, client, socket, lastSeq } = play(neverSent);
    const first = await socket(1);
    expect(first.url.searchParams.get("cursor")).toBe("position 1");
    expect(first.url.searchParams.get("ticket")).toBe("a-ticket");
    first.hear(ready("position 1"));
    chat.step({ kind: "send", ...second }).forEach(first.hear);
    expect(lastSeq()).toBe(1);
    first.end(1012);
    expect((await socket(2)).url.searchParams.get("cursor")).toBe("2");
    await client.stop();
  });

  it("reports a hole and fetches the chat, while its frames wait", async () => {
    const { chat, client, news, socket, lastSeq } = play(neverSent);
    const { hear } = await socket(1);
    hear(ready("position 1"));
    chat.step({ kind: "send", ...second });
    chat.step({ kind: "send", ...second }).forEach(hear);
    chat.step({ kind: "send", ...second }).forEach(hear);
    expect(news).toContainEqual({ type: "hole", hole: { chatId: chat.chatId, known: 1, heard: 3 } });
    await eventually(() => expect(client.state().chats.get(chat.chatId)).toMatchObject({ complete: true, unread: 3 }));
    expect(lastSeq()).toBe(3);
    await client.stop();
  });

  it.each([
    ["it is told to", [ready("position 1"), { type: "resync" }]],
    ["the stream does not begin where it was to", [ready("elsewhere", false)]],
  ])("takes another snapshot when %s", async (_why, frames) => {
    const { chat, client, socket, snapshots, lastSeq } = play(neverSent);
    const { hear } = await socket(1);
    chat.step({ kind: "send", ...second });
    frames.forEach(hear);
    await eventually(() => expect(lastSeq()).toBe(1));
    expect(snapshots()).toBe(2);
    await client.stop();
  });

  it("begins anew when its cursor opens no stream again and again", async () => {
    const { client, socket, snapshots } = play(neverSent);
    for (const count of [1, 2, 3]) (await socket(count)).end(1006);
    expect((await socket(4)).url.searchParams.get("cursor")).toBe("position 2");
    expect(snapshots()).toBe(2);
    await client.stop();
  });

  it("sends again whatever is not settled, the same message each time, and shows it until the stream has brought it", async () => {
    const outcomes = [503, 500, 429, 408, 503];
    const { chat, client, asked, socket } = play((attempt) => {
      const status = outcomes[attempt - 1] ?? 201;
      return { status, body: status === 201 ? { seq: 1 } : { code: "outcome_unknown" } };
    });
    await socket(1);
    client.send(chat.chatId, "hello");
    await eventually(() => expect(client.state().outgoing).toMatchObject([{ status: "sent", text: "hello" }]));
    expect(asked.filter((call) => call.endsWith("/messages"))).toHaveLength(outcomes.length + 1);
    await client.stop();
  });
});
