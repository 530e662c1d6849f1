import { describe, expect, it } from "@jest/globals";
import type { CommandRequest } from "./command-request.ts";
import type { Snapshot } from "./look-ups.ts";
import { lookUpFor, type Waiting } from "./waiting-commands.ts";

describe("what was found in two look-ups", () => {
  it("is as old as the older of them: what the newer one did not ask for may have changed between them", async () => {
    const waiting = someoneWaiting();
    await lookUp(waiting, { offset: 5, tailStart: 3 });
    await lookUp(waiting, { offset: 9, tailStart: 3 });
    expect(waiting.found?.offset).toBe(5);
  });

  it("is the newer one alone when the older one lies below the tail's start", async () => {
    const waiting = someoneWaiting();
    await lookUp(waiting, { offset: 5, tailStart: 3 });
    await lookUp(waiting, { offset: 9, tailStart: 6 });
    expect(waiting.found).toMatchObject({ offset: 9, hasChat: false });
  });
});

/** First the chat, then the message that is named in it: whatever is not there yet. */
async function lookUp(waiting: Waiting, { offset, tailStart }: { offset: number; tailStart: number }): Promise<void> {
  const snapshot: Snapshot = {
    positions: new Map([[0, { offset, epoch: null }]]),
    chats: new Map(),
    messages: new Map(),
    keys: new Map(),
  };
  const chat = waiting.found === null;
  const lookUps = { find: () => Promise.resolve(snapshot) };
  const missing = { chat, key: chat, seq: chat ? null : 1 };
  await lookUpFor(waiting, missing, { lookUps, partition: 0, tailStart: () => tailStart });
}

function someoneWaiting(): Waiting {
  const request: CommandRequest = {
    id: "c1",
    chatId: "00000000-0000-7000-8000-000000000001",
    actor: "1",
    at: "2026-01-01T00:00:00.000Z",
    command: { type: "EditMessage", seq: 1, text: "edited" },
    idempotencyKey: "k",
    requestHash: "edited",
    traceParent: null,
  };
  const nobody = (): void => undefined;
  return { request, resolve: nobody, reject: nobody, deadline: 0, found: null, looking: false, answered: false };
}
