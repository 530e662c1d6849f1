import { describe, expect, it, jest } from "@jest/globals";
import { eventually } from "@chat/shared/testing/eventually";
import { playServer, type PlayedServer, type PlayedSocket, ready, socketOf } from "./testing/played-server.ts";

jest.setTimeout(60_000);
const within = { within: 30_000 };
const second = { who: 1, what: 1 };

const socket = (server: PlayedServer, count: number): Promise<PlayedSocket> =>
  eventually(() => socketOf(server, count), within);

function start(...options: Parameters<typeof playServer>): PlayedServer {
  const server = playServer(...options);
  server.client.start();
  return server;
}

describe("a client", () => {
  it("opens its stream at the position of its snapshot, and the next one behind the last event", async () => {
    const server = start();
    const { chat, client, known } = server;
    const first = await socket(server, 1);
    expect(first.url.searchParams.get("cursor")).toBe("position 1");
    expect(first.url.searchParams.get("ticket")).toBe("a-ticket");
    first.hear(ready("position 1"));
    chat.step({ kind: "send", ...second }).forEach(first.hear);
    expect(known()?.lastSeq).toBe(1);
    first.end(1012);
    expect((await socket(server, 2)).url.searchParams.get("cursor")).toBe("2");
    await client.stop();
  });

  it.each([
    ["it is told to", [ready("position 1"), { type: "resync" }]],
    ["the stream does not begin where it was to", [ready("elsewhere", false)]],
  ])("takes another snapshot, and goes on from there, when %s", async (_why, frames) => {
    const server = start();
    const { chat, client, known, times } = server;
    const first = await socket(server, 1);
    chat.step({ kind: "send", ...second });
    frames.forEach(first.hear);
    const next = await socket(server, 2);
    expect(next.url.searchParams.get("cursor")).toBe("position 2");
    expect(known()?.lastSeq).toBe(1);
    // Of the log before, perhaps.
    first.hear({ type: "version", chat_id: chat.chatId, version: 99, at: "99" });
    expect(known()?.version).toBe(2);
    expect(times("GET /chats")).toBe(2);
    await client.stop();
  });

  it("begins anew when its cursor opens no stream again and again, and not each time then", async () => {
    const server = start();
    for (const count of [1, 2, 3]) (await socket(server, count)).end(1006);
    const fourth = await socket(server, 4);
    expect(fourth.url.searchParams.get("cursor")).toBe("position 2");
    fourth.end(1006);
    expect((await socket(server, 5)).url.searchParams.get("cursor")).toBe("position 2");
    expect(server.times("GET /chats")).toBe(2);
    await server.client.stop();
  });

  it("sends again whatever is not settled, the same message each time, and shows it until the stream has brought it", async () => {
    const outcomes = [503, 500, 429, 408, 413, 503];
    const server = start();
    const { answers, chat, client, path, times } = server;
    answers.set(`POST ${path}/messages`, () => {
      const status = outcomes[times(`POST ${path}/messages`) - 1] ?? 201;
      // The one in the middle is of somebody on the way.
      return { status, body: status === 413 ? null : status === 201 ? { seq: 1 } : { code: "outcome_unknown" } };
    });
    const clientMessageId = "of an earlier client";
    expect(client.send(chat.chatId, "hello", { clientMessageId })).toBe(clientMessageId);
    expect(client.state().outgoing).toMatchObject([{ status: "sending", text: "hello" }]);
    await socket(server, 1);
    await eventually(
      () => expect(client.state().outgoing).toMatchObject([{ status: "sent", text: "hello", seq: 1 }]),
      within,
    );
    expect(times(`POST ${path}/messages`)).toBe(outcomes.length + 1);
    await client.stop();
  });

  it("asks on a socket that is silent whether anybody is there, and opens another when nobody answers", async () => {
    const server = start();
    const first = await socket(server, 1);
    first.hear(ready("position 1", true, 0.06));
    await eventually(() => expect(first.sent).toEqual(['{"type":"ping","id":"watch"}']), within);
    expect((await socket(server, 2)).url.searchParams.get("cursor")).toBe("position 1");
    expect(server.news).toContainEqual({ type: "disconnected", code: 1006 });
    await server.client.stop();
  });

  it("asks at once whether anybody is there when the network has changed, without waiting for a silence", async () => {
    const server = start();
    const first = await socket(server, 1);
    first.hear(ready("position 1", true, 3_600));
    server.client.networkChanged();
    expect(first.sent).toEqual(['{"type":"ping","id":"watch"}']);
    await server.client.stop();
  });

  it.each([
    ["while it waits for the next try", false],
    ["while a try is under way that fails", true],
  ])("tries again at once when the network has changed %s", async (_when, isUnderWay) => {
    const hourMs = 3_600_000;
    const server = start({ backoff: { baseMs: hourMs, maxMs: hourMs } });
    const first = await socket(server, 1);
    if (isUnderWay) server.client.networkChanged();
    first.end(1006);
    // The wait has begun by then.
    await new Promise(setImmediate);
    if (!isUnderWay) server.client.networkChanged();
    expect((await socket(server, 2)).url.searchParams.get("cursor")).toBe("position 1");
    await server.client.stop();
  });

  it("asks who a stranger is once, however much he says", async () => {
    const server = start();
    const { answers, chat, client, known } = server;
    const wanted: (string | null)[] = [];
    answers.set("GET /users", ({ searchParams }) => {
      wanted.push(searchParams.get("ids"));
      return { body: [] };
    });
    const { hear } = await socket(server, 1);
    hear(ready("position 1"));
    for (let message = 0; message < 5; message += 1) chat.step({ kind: "send", ...second }).forEach(hear);
    await eventually(() => expect(wanted).toContain("2"), within);
    chat.step({ kind: "send", ...second }).forEach(hear);
    expect(known()?.lastSeq).toBe(6);
    expect(wanted.filter((ids) => ids === "2")).toHaveLength(1);
    await client.stop();
  });

  it("asks for its token again when that could not be had", async () => {
    let times = 0;
    const server = start({
      async token() {
        times += 1;
        if (times === 1) throw new Error("the store is locked");
        return "a-token";
      },
    });
    expect((await socket(server, 1)).url.searchParams.get("ticket")).toBe("a-ticket");
    await server.client.stop();
  });

  it("loses no frame to a listener that throws, and hides its mistake from nobody", async () => {
    const mistakes: (() => void)[] = [];
    const server = playServer();
    const { chat, client, known } = server;
    client.subscribe(() => {
      throw new Error("a mistake");
    });
    const queued = jest.spyOn(globalThis, "queueMicrotask").mockImplementation((work) => void mistakes.push(work));
    try {
      client.start();
      const { hear } = await socket(server, 1);
      hear(ready("position 1"));
      chat.step({ kind: "send", ...second }).forEach(hear);
      expect(known()?.lastSeq).toBe(1);
      expect(mistakes[0]).toThrow("a mistake");
      await client.stop();
    } finally {
      queued.mockRestore();
    }
  });
});

describe("a client that is stopped and started", () => {
  it("sends, reads and fetches nothing before it is started, and all of it then", async () => {
    const server = playServer();
    const { answers, asked, chat, client, known, path, times } = server;
    answers.set(`POST ${path}/messages`, () => ({ status: 201, body: chat.parts.messages()[0] }));
    answers.set(`POST ${path}/read`, () => ({ body: {} }));
    chat.step({ kind: "send", ...second });
    const opening = client.open(chat.chatId);
    client.send(chat.chatId, "early");
    client.markRead(chat.chatId, 1);
    expect(asked).toEqual([]);
    client.start();
    await opening;
    expect(known()).toMatchObject({ myRole: "owner", complete: true, lastSeq: 1 });
    expect(known()?.members?.size).toBe(3);
    await eventually(
      () => expect([times(`POST ${path}/messages`), times(`POST ${path}/read`)]).toEqual([1, 1]),
      within,
    );
    await client.stop();
  });

  it("goes on with what was not settled, and where its stream was", async () => {
    const server = start();
    const { answers, chat, client, path, times } = server;
    const calls = [`POST ${path}/messages`, `POST ${path}/read`];
    for (const call of calls) answers.set(call, () => ({ status: 503, body: { code: "unavailable" } }));
    const first = await socket(server, 1);
    first.hear(ready("position 1"));
    chat.step({ kind: "send", ...second }).forEach(first.hear);
    client.send(chat.chatId, "one");
    client.markRead(chat.chatId, 1);
    await eventually(() => expect(calls.map(times).every((count) => count > 1)).toBe(true), within);
    await client.stop();
    client.send(chat.chatId, "two");
    const before = calls.map(times);
    answers.set(calls[0] ?? "", () => ({ status: 201, body: { seq: 2 } }));
    answers.set(calls[1] ?? "", () => ({ body: {} }));
    client.start();
    expect((await socket(server, 2)).url.searchParams.get("cursor")).toBe("2");
    await eventually(
      () =>
        expect(client.state().outgoing).toMatchObject([
          { text: "one", status: "sent" },
          { text: "two", status: "sent" },
        ]),
      within,
    );
    await eventually(() => expect(times(calls[1] ?? "")).toBe((before[1] ?? 0) + 1), within);
    await client.stop();
  });

  it("tells nobody who stops it, or is signed out, that it comes back", async () => {
    const server = start();
    const { answers, chat, client, news, path } = server;
    const told = () => news.filter(({ type }) => type !== "state");
    (await socket(server, 1)).hear(ready("position 1"));
    await client.stop();
    expect(told()).toEqual([{ type: "connected" }]);
    client.start();
    (await socket(server, 2)).hear(ready("position 1"));
    answers.set(`POST ${path}/messages`, () => ({ status: 401, body: { code: "unauthorized" } }));
    client.send(chat.chatId, "hello");
    await eventually(
      () => expect(told()).toEqual([{ type: "connected" }, { type: "connected" }, { type: "signed_out" }]),
      within,
    );
    await client.stop();
  });

  it("leaves nobody waiting for a chat that it was opening, and fetches it after the next start", async () => {
    const server = start();
    const { answers, chat, client, known, path } = server;
    await socket(server, 1);
    answers.set(`GET ${path}/members`, () => new Promise(() => undefined));
    const opening = client.open(chat.chatId);
    await eventually(() => expect(server.times(`GET ${path}/members`)).toBe(1), within);
    await client.stop();
    await opening;
    expect(known()?.members).toBeNull();
    answers.set(`GET ${path}/members`, () => ({ body: chat.parts.members() }));
    client.start();
    await eventually(() => expect(known()?.members?.size).toBe(3), within);
    await client.stop();
  });

  it("comes back after it was signed out", async () => {
    const server = start();
    const { answers, chat, client, news, path } = server;
    (await socket(server, 1)).hear(ready("position 1"));
    answers.set(`POST ${path}/messages`, () => ({ status: 401, body: { code: "unauthorized" } }));
    client.send(chat.chatId, "hello");
    await eventually(() => expect(news).toContainEqual({ type: "signed_out" }), within);
    answers.set(`POST ${path}/messages`, () => ({ status: 201, body: { seq: 1 } }));
    client.start();
    await eventually(() => expect(client.state().outgoing).toMatchObject([{ status: "sent" }]), within);
    await client.stop();
  });
});
