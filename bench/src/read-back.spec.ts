import { describe, expect, it } from "@jest/globals";
import type { Answer } from "./driver/http-connection.ts";
import { createFaults } from "./exactly-once.ts";
import { checkHistory, freshAnswer } from "./read-back.ts";

const chatId = "a chat";

/** What a server says that has these messages, two a page. */
const pagesOf = (seqs: readonly number[]) => async (after: number) => seqs.filter((seq) => seq > after).slice(0, 2);

async function faultsOf(
  readPage: (after: number) => Promise<readonly number[] | null>,
  { first = 1, last = 5, atMost = 100 } = {},
): Promise<readonly string[]> {
  const faults = createFaults(() => undefined);
  await checkHistory({ chatId, first, last }, readPage, faults, atMost);
  return faults.all;
}

describe("reading back what was acknowledged", () => {
  it("finds no fault where all of it is there, once and in order", async () => {
    expect(await faultsOf(pagesOf([1, 2, 3, 4, 5]))).toEqual([]);
    expect(await faultsOf(pagesOf([1, 2, 3, 4, 5]), { first: 4 })).toEqual([]);
    expect(await faultsOf(pagesOf([]), { last: 0 })).toEqual([]);
  });

  it.each<[string, readonly number[], string]>([
    ["is missing first", [2, 3, 4, 5], "got 2 and nothing between it and 0"],
    ["is missing between two", [1, 2, 4, 5], "got 4 and nothing between it and 2"],
    ["is missing last", [1, 2, 3, 4], "is read back up to 4, and was acknowledged up to 5"],
    ["was never acknowledged", [1, 2, 3, 4, 5, 6], "is read back up to 6, and was acknowledged up to 5"],
  ])("finds the message that %s", async (_, seqs, fault) => {
    expect(await faultsOf(pagesOf(seqs))).toEqual([expect.stringContaining(fault)]);
  });

  it("finds what comes twice or out of order, and ends where pages do not go on", async () => {
    const doubled = async (after: number) => (after < 3 ? [1, 2, 2, 3] : [4, 5].filter((seq) => seq > after));
    expect(await faultsOf(doubled)).toEqual([expect.stringContaining("got 2 again, or late: 3 was next")]);
    const turned = async () => [2, 1];
    expect(await faultsOf(turned, { last: 2 })).toContainEqual(expect.stringContaining("got 1 again, or late"));
  });

  it("reads the newest of what is longer than its bound", async () => {
    const asked: number[] = [];
    const readPage = (after: number) => {
      asked.push(after);
      return pagesOf([1, 2, 3, 4, 5])(after);
    };
    expect(await faultsOf(readPage, { atMost: 3 })).toEqual([]);
    expect(asked).toEqual([2, 4, 5]);
  });
});

describe("an answer of everything acknowledged", () => {
  const answer = (status: number, stale: boolean): Answer => {
    return { status, stale, body: Buffer.from("so it is"), closes: false };
  };

  it("is asked for again while it is stale", async () => {
    const faults = createFaults(() => undefined);
    const answers = [answer(200, true), answer(200, true)];
    const ask = () => Promise.resolve(answers.pop() ?? answer(200, false));
    expect(await freshAnswer(chatId, ask, faults)).toEqual(answer(200, false));
    expect(faults.all).toEqual([]);
  });

  it("that stays stale, or is none, is a fault", async () => {
    const faults = createFaults(() => undefined);
    expect(await freshAnswer(chatId, () => Promise.resolve(answer(200, true)), faults, 0)).toBeNull();
    expect(await freshAnswer(chatId, () => Promise.resolve(answer(404, false)), faults)).toBeNull();
    expect(faults.all).toEqual(["a chat: still stale after 0 ms", "a chat: 404 so it is"]);
  });
});
