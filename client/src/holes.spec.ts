import { describe, expect, it, jest } from "@jest/globals";
import { eventually } from "@chat/shared/testing/eventually";
import { createModelChat, me } from "./testing/model-chat.ts";
import {
  playServer,
  type PlayedAnswer,
  type PlayedServer,
  type PlayedSocket,
  ready,
  socketOf,
} from "./testing/played-server.ts";

jest.setTimeout(60_000);
const within = { within: 30_000 };
const send = { kind: "send", who: 1, what: 1 } as const;
const gone: PlayedAnswer = { status: 404, body: { code: "not_found", status: 404 } };
const late = { "Chat-Stale": "true" };

const socket = (server: PlayedServer, count: number): Promise<PlayedSocket> =>
  eventually(() => socketOf(server, count), within);

/** Connected, with the model's chat on its list. */
async function connect(change: (server: PlayedServer) => void = () => undefined) {
  const server = playServer();
  change(server);
  server.client.start();
  const first = await socket(server, 1);
  first.hear(ready("position 1"));
  return { ...server, server, first };
}

/** A frame of the model's chat at a version, by which `me` is removed. */
const removed = (chatId: string, version: number) => ({
  ...{ type: "member_removed", chat_id: chatId, version, at: String(version) },
  payload: { user_id: me, by: "2" },
});

describe("a hole", () => {
  it("is reported as soon as the next event is heard, and its chat fetched, while its frames wait", async () => {
    const { chat, client, news, known, first } = await connect();
    chat.step(send);
    chat.step(send).forEach(first.hear);
    chat.step(send).forEach(first.hear);
    expect(news).toContainEqual({ type: "hole", hole: { chatId: chat.chatId, known: 1, heard: 3 } });
    await eventually(() => expect(known()).toMatchObject({ complete: true, unread: 3, lastSeq: 3 }), within);
    await client.stop();
  });

  it("is a chat of which nothing had told that this user is in it", async () => {
    const { chat, client, holes, known, first } = await connect(({ answers }) =>
      answers.set("GET /chats", () => ({ body: [] })),
    );
    chat.step(send).forEach(first.hear);
    chat.step(send).forEach(first.hear);
    expect(holes()).toEqual([{ chatId: chat.chatId, known: 0, heard: 2 }]);
    await eventually(() => expect(known()).toMatchObject({ complete: true, lastSeq: 2 }), within);
    await client.stop();
  });

  it("is none in a chat that one was removed from while away, and that is opened before the stream has told it", async () => {
    const { answers, chat, client, holes, known, path, times, server, first } = await connect();
    first.end(1006);
    const missed = [...chat.step(send), ...chat.step(send)];
    answers.set(`GET ${path}`, () => gone);
    const { hear } = await socket(server, 2);
    const opening = client.open(chat.chatId);
    await eventually(() => expect(times(`GET ${path}`)).toBeGreaterThan(0), within);
    hear(ready("position 1"));
    [...missed, removed(chat.chatId, 4)].forEach(hear);
    await opening;
    expect(known()).toBeUndefined();
    expect(holes()).toEqual([]);
    await client.stop();
  });

  it("is none in a chat that moved to the front of the list while its pages were read", async () => {
    const others = Array.from({ length: 100 }, (_, index) => {
      const listed = createModelChat().listed();
      return { ...listed, id: `0197a3c0-0000-7000-8000-${String(index + 2).padStart(12, "0")}` };
    });
    const { chat, client, holes, known, first } = await connect(({ answers }) =>
      answers.set("GET /chats", ({ searchParams }) =>
        searchParams.has("cursor")
          ? { body: [] }
          : { body: others, headers: { Link: '<?limit=100&cursor=next>; rel="next"' } },
      ),
    );
    expect(client.state().chats.size).toBe(100);
    chat.step(send).forEach(first.hear);
    chat.step(send).forEach(first.hear);
    await eventually(() => expect(known()).toMatchObject({ complete: true, lastSeq: 2 }), within);
    chat.step(send).forEach(first.hear);
    expect(known()).toMatchObject({ complete: true, lastSeq: 3 });
    expect(holes()).toEqual([]);
    await client.stop();
  });

  it.each(["before", "after"])(
    "is none where one is removed and comes back while the chat is fetched: its messages are of %s",
    async (when) => {
      const { answers, chat, client, holes, known, path, times, first } = await connect();
      chat.step(send).forEach(first.hear);
      const whole = chat.parts.messages();
      const asked = Promise.withResolvers<PlayedAnswer>();
      answers.set(`GET ${path}/messages`, () => asked.promise);
      const opening = client.open(chat.chatId);
      await eventually(() => expect(times(`GET ${path}/messages`)).toBe(1), within);
      first.hear(removed(chat.chatId, 3));
      // What others say meanwhile is not told.
      chat.step(send);
      chat.step(send);
      const back = { ...chat.parts.chat(), version: 5 };
      first.hear({ type: "create_chat", chat_id: chat.chatId, version: 5, at: "5", payload: back });
      const [said] = chat.step(send);
      first.hear({ ...said, version: 6, at: "6" });
      answers.set(`GET ${path}`, () => ({ body: { ...chat.parts.chat(), version: 6 } }));
      answers.set(`GET ${path}/messages`, () => ({ body: chat.parts.messages() }));
      asked.resolve({ body: when === "before" ? whole : chat.parts.messages() });
      await opening;
      await eventually(() => expect(known()).toMatchObject({ complete: true, version: 6, lastSeq: 4 }), within);
      expect(known()?.messages.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
      expect(holes()).toEqual([]);
      await client.stop();
    },
  );

  it("is none where the read models lag behind what the stream has told", async () => {
    const { answers, chat, client, holes, known, path, times, first } = await connect(({ answers: set }) =>
      set.set("GET /chats", () => ({ body: [] })),
    );
    answers.set(`GET ${path}`, () => ({ ...gone, headers: late }));
    const back = chat.parts.chat();
    first.hear({ type: "create_chat", chat_id: chat.chatId, version: 7, at: "7", payload: { ...back, version: 7 } });
    await eventually(() => expect(times(`GET ${path}`)).toBeGreaterThan(1), within);
    expect(known()).toMatchObject({ version: 7, complete: false });
    const [said] = chat.step(send);
    first.hear({ ...said, version: 8, at: "8" });
    answers.set(`GET ${path}`, () => ({ body: { ...back, version: 8 } }));
    await eventually(() => expect(known()).toMatchObject({ version: 8, complete: true, lastSeq: 1 }), within);
    expect(holes()).toEqual([]);
    await client.stop();
  });

  it("is none where a chat that is not known yet is fetched from read models that lag", async () => {
    const { answers, chat, client, known, path, times } = await connect(({ answers: set }) =>
      set.set("GET /chats", () => ({ body: [] })),
    );
    answers.set(`GET ${path}`, () => ({ body: chat.parts.chat(), headers: late }));
    const opening = client.open(chat.chatId);
    await eventually(() => expect(times(`GET ${path}`)).toBeGreaterThan(1), within);
    expect(known()).toBeUndefined();
    answers.set(`GET ${path}`, () => ({ body: chat.parts.chat() }));
    await opening;
    expect(known()).toMatchObject({ version: 1, complete: true });
    await client.stop();
  });

  it("is none where more frames wait for a chat than are kept: everything is fetched again", async () => {
    const { answers, chat, client, holes, known, path, times, server, first } = await connect();
    answers.set(`GET ${path}/members`, () => new Promise(() => undefined));
    void client.open(chat.chatId);
    await eventually(() => expect(times(`GET ${path}/members`)).toBe(1), within);
    for (let message = 0; message < 10_001; message += 1) chat.step({ ...send, kind: "rename" }).forEach(first.hear);
    expect((await socket(server, 2)).url.searchParams.get("cursor")).toBe("position 2");
    expect(known()).toMatchObject({ version: 10_002 });
    expect(holes()).toEqual([]);
    await client.stop();
  });
});
