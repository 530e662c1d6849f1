import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { WebSocketServer } from "ws";
import { eventually } from "@chat/shared/testing/eventually";
import { createChance } from "../../harness/chance.ts";
import { startDevice } from "./device.ts";
import { startWorkload } from "./workload.ts";

const SIZES = { people: 2, guests: 0, rooms: 1, restMs: 1, attachPercent: 0, connectedMs: 60_000 };
const ACCOUNTS = ["1", "2"].map((id) => ({ id, name: `w${id}`, token: `token of ${id}` }));
/** Some times as long as people wait before they ask again. */
const LONG_MS = 1_000;

describe("a device", () => {
  it("says so when it is never told `ready`, and comes back no more", async () => {
    await using chat = await serve({ lets: "nobody in" });
    const started = startDevice({
      name: "plain-w1",
      person: { id: "1", name: "w1", token: "token of 1" },
      mode: "plain",
      connectedMs: 60_000,
      readyWithinMs: LONG_MS,
      world: {
        addresses: { commands: () => chat.url, queries: () => chat.url, sockets: () => chat.socketUrl },
        note: () => undefined,
        stopped: new AbortController().signal,
        chance: createChance(1),
        nextNumber: () => 1,
      },
    });
    await expect(started).rejects.toThrow(/plain-w1 was not told `ready`/);
    const asked = chat.asked();
    expect(asked).toBeGreaterThan(0);
    await pause(LONG_MS);
    expect(chat.asked()).toBe(asked);
  });
});

describe("a workload", () => {
  it("asks nobody for anything once it is stopped, though nothing was ever settled", async () => {
    await using chat = await serve({ lets: "everybody in" });
    const workload = await startWorkload({
      addresses: { commands: () => chat.url, queries: () => chat.url, sockets: () => chat.socketUrl },
      queryApis: [chat.url],
      seed: 1,
      sizes: SIZES,
      accounts: ACCOUNTS,
      note: () => undefined,
    });
    const rooms = chat.asked();
    await eventually(() => expect(chat.asked()).toBeGreaterThan(rooms + 4));
    await workload.stop();
    const asked = chat.asked();
    await pause(LONG_MS);
    expect(chat.asked()).toBe(asked);
  });
});

/** Makes chats, and does nothing else that it is asked for. */
async function serve({ lets }: { lets: "nobody in" | "everybody in" }) {
  let asked = 0;
  const sockets = new WebSocketServer({ noServer: true });
  const server: Server = createServer((request, response) => {
    asked += 1;
    request.resume();
    const isChat = request.url === "/api/chats" && request.method === "POST";
    response.writeHead(isChat ? 201 : 500, { "content-type": "application/json" });
    response.end(JSON.stringify(isChat ? { id: "a-chat" } : { code: "internal" }));
  });
  server.on("upgrade", (request, socket, head) => {
    asked += 1;
    if (lets === "nobody in") socket.destroy();
    else
      sockets.handleUpgrade(request, socket, head, (ws) =>
        ws.send(JSON.stringify({ type: "ready", cursor: "a-place" })),
      );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    socketUrl: `ws://127.0.0.1:${port}`,
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      for (const ws of sockets.clients) ws.terminate();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
