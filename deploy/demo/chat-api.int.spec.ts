import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "@jest/globals";
import { createChatApi } from "./chat-api.ts";

/** A server that gives these answers, one for each call, and the address where it listens. */
async function answering(answers: readonly (readonly [status: number, retryAfter: string | null, body: string])[]) {
  let calls = 0;
  const server = createServer((_request, response) => {
    const [status, retryAfter, body] = answers[calls] ?? [500, null, "{}"];
    calls += 1;
    response.writeHead(status, retryAfter === null ? {} : { "retry-after": retryAfter }).end(body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, calls: () => calls, [Symbol.dispose]: () => void server.close() };
}

it("waits where the chat asks for it, and goes on", async () => {
  using server = await answering([
    [429, "1", '{"code":"too_many_requests"}'],
    [503, "0", '{"code":"outcome_unknown"}'],
    [201, null, '{"id":"1"}'],
  ]);
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const api = createChatApi({ url: `${server.url}/`, say, signal: new AbortController().signal });
  expect(await api.call("POST", "/register", { body: {} })).toEqual({ status: 201, body: { id: "1" } });
  expect([server.calls(), said]).toEqual([3, ["the chat asks to wait 1 s", "the chat asks to wait 1 s"]]);
});

it("says that what answers is no chat", async () => {
  using server = await answering([[200, null, "<!doctype html>"]]);
  const api = createChatApi({ url: server.url, say: () => undefined, signal: new AbortController().signal });
  await expect(api.call("GET", "/me", {})).rejects.toThrow(`what answers at ${server.url} is no chat`);
});
