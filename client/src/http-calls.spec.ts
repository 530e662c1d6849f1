import { describe, expect, it } from "@jest/globals";
import { createHttpCalls, Refused } from "./http-calls.ts";

/** Calls that are all answered with 503 and these headers. */
const callsTo = (headers: Readonly<Record<string, string>>) =>
  createHttpCalls({
    url: "http://chat.example",
    credentials: { token: () => "a-token", renew: () => Promise.resolve(null) },
    fetch: () => Promise.resolve(new Response("{}", { status: 503, headers })),
  });

describe("an answer that says when to come back", () => {
  it.each([
    ["in seconds", "7", 7_000],
    ["not at all", "", 0],
    ["by a date", "Wed, 21 Oct 2026 07:28:00 GMT", 0],
    ["in a hundred years", "3155760000", 600_000],
  ])("%s is taken at its word within bounds", async (_how, said, ms) => {
    const { retryAfterMs } = await callsTo({ "retry-after": said }).post("/chats", {});
    expect(retryAfterMs).toBe(ms);
    await expect(callsTo({ "retry-after": said }).get("/chats")).rejects.toMatchObject({ retryAfterMs: ms });
    await expect(callsTo({}).get("/chats")).rejects.toBeInstanceOf(Refused);
  });
});
