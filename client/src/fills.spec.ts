import { describe, expect, it, jest } from "@jest/globals";
import { eventually } from "@chat/shared/testing/eventually";
import { createFills } from "./fills.ts";

jest.setTimeout(60_000);
const within = { within: 30_000 };
const backoff = { baseMs: 1, maxMs: 2 };

it("fetches every chat until it is whole, a few at a time, and one that fails holds up nobody", async () => {
  let atOnce = 0;
  let most = 0;
  const tries = new Map<string, number>();
  const fills = createFills({
    ...{ backoff, random: Math.random },
    async fetch(chatId) {
      atOnce += 1;
      most = Math.max(most, atOnce);
      tries.set(chatId, (tries.get(chatId) ?? 0) + 1);
      await new Promise((resolve) => setImmediate(resolve));
      atOnce -= 1;
      return { isWhole: !chatId.startsWith("broken"), notBeforeMs: 0 };
    },
  });
  const running = new AbortController();
  fills.begin(running.signal);
  const broken = Array.from({ length: 10 }, (_, index) => fills.fill(`broken ${index}`));
  await Promise.all(Array.from({ length: 50 }, (_, index) => fills.fill(String(index))));
  await eventually(() => expect(tries.get("broken 9")).toBeGreaterThan(2), within);
  expect(most).toBeLessThanOrEqual(4);
  running.abort();
  fills.end();
  await Promise.all(broken);
});

it("asks no sooner than the server has said, and asks for others meanwhile", async () => {
  const tries: string[] = [];
  const fills = createFills({
    ...{ backoff, random: Math.random },
    async fetch(chatId) {
      tries.push(chatId);
      return { isWhole: false, notBeforeMs: chatId === "in an hour" ? 3_600_000 : 0 };
    },
  });
  const running = new AbortController();
  fills.begin(running.signal);
  const filling = ["in an hour", "soon"].map((chatId) => fills.fill(chatId));
  await eventually(() => expect(tries.filter((chatId) => chatId === "soon").length).toBeGreaterThan(5), within);
  expect(tries.filter((chatId) => chatId === "in an hour")).toHaveLength(1);
  running.abort();
  fills.end();
  await Promise.all(filling);
});

describe("what was to be fetched when it ended", () => {
  it("is fetched when it begins again", async () => {
    const fetched: string[] = [];
    const fills = createFills({
      ...{ backoff, random: Math.random },
      fetch: async (chatId) => ({ isWhole: fetched.push(chatId) > 0, notBeforeMs: 0 }),
    });
    const filling = fills.fill("a chat");
    fills.end();
    await filling;
    expect(fetched).toEqual([]);
    fills.begin(new AbortController().signal);
    await eventually(() => expect(fetched).toEqual(["a chat"]), within);
  });
});
