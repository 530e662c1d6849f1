import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "@jest/globals";
import type { Place } from "@chat/shared/partitions/ownership";
import { Rejection } from "@chat/shared/rejection";
import { createLogger } from "@chat/shared/telemetry/logger";
import { createWakeup } from "@chat/shared/wakeup";
import { systemClock } from "./clock.ts";
import type { CommandOutcome, CommandRequest } from "./command-request.ts";
import { createForwarder } from "./forward.ts";
import { takeForwarded } from "./forwarded-commands.ts";
import { maxAnswerMs, maxHandOverMs } from "./owner-limits.ts";
import { createCommandRouter } from "./route-commands.ts";
import { notOwner } from "./waiting-commands.ts";

const secret = "a secret that all instances have";
const log = createLogger({ service: "spec", level: "silent" });
const chatId = "0197a3c0-0000-7000-8000-000000000001";
const request: CommandRequest = {
  id: "c1",
  chatId,
  actor: "1",
  at: "2026-01-01T00:00:00.000Z",
  command: { type: "MarkRead", upTo: null, named: null },
  idempotencyKey: "k1",
  requestHash: "hash",
  traceParent: null,
};
const member = { userId: "1", status: "in", role: "owner", joinedAt: "x", readUpTo: 3, ownReadUpTo: 0 } as const;
const outcome: CommandOutcome = {
  status: "done",
  chat: {
    status: "active",
    version: 7,
    chatType: "group",
    title: "us",
    description: null,
    avatar: null,
    creatorId: "1",
    createdAt: "x",
    updatedAt: "y",
    lastSeq: 3,
    members: new Map([["1", member]]),
    fullyRead: { upTo: 0, exceptAuthor: null },
  },
  message: undefined,
  events: [],
  unreadCount: 0,
};
const nowhere: RequestListener = (_, response) => response.writeHead(404).end();

describe("a command for another instance's chat", () => {
  it("arrives whole, with the id, time and key that the first instance gave it, and so does its answer", async () => {
    const taken: CommandRequest[] = [];
    await withOwner(
      async (command) => {
        taken.push(command);
        return outcome;
      },
      async (url) => {
        expect(await routerTo(url)(request)).toEqual(outcome);
        expect(taken).toEqual([request]);
      },
    );
  });

  it("is refused as the owner refuses it", () =>
    withOwner(
      () => Promise.reject(new Rejection("forbidden", "Not you.")),
      async (url) => {
        await expect(routerTo(url)(request)).rejects.toMatchObject({ code: "forbidden", message: "Not you." });
      },
    ));

  it("is sent once when the connection breaks after it was sent: nobody knows what became of it", async () => {
    let arrived = 0;
    const cutting: RequestListener = (incoming) => {
      arrived += 1;
      incoming.socket.destroy();
    };
    await withServer(cutting, async (url) => {
      await expect(routerTo(url)(request)).rejects.toMatchObject({ code: "outcome_unknown" });
      expect(arrived).toBe(1);
    });
  });

  it.each([
    ["a bug over there", 500, '{"code":"internal","detail":"x"}'],
    ["half an answer", 200, '{"status":"do'],
    ["something else's answer", 502, "<html>"],
  ])("is in doubt after %s", async (_what, status, body) => {
    let arrived = 0;
    const answering: RequestListener = (_, response) => {
      arrived += 1;
      response.writeHead(status).end(body);
    };
    await withServer(answering, async (url) => {
      await expect(routerTo(url)(request)).rejects.toMatchObject({ code: "outcome_unknown" });
      expect(arrived).toBe(1);
    });
  });

  it("goes to the next owner after 421, and after a connection that nobody took", () =>
    withOwner(
      () => Promise.reject(notOwner()),
      (former) =>
        withOwner(
          async () => outcome,
          async (latter) => {
            const refused = `http://127.0.0.1:${await closedPort()}`;
            const urls = [former, refused, latter];
            const submit = createRouter(
              () => ({ at: "there", url: urls[0] ?? latter }),
              () => void urls.shift(),
            );
            expect(await submit(request)).toEqual(outcome);
          },
        ),
    ));

  it("is refused as surely not done while nobody owns the partition", async () => {
    let now = 0;
    const submit = createRouter(
      () => ({ at: "nowhere", mayBeTaken: true }),
      undefined,
      () => now,
    );
    const submitted = submit(request);
    now = maxHandOverMs;
    await expect(submitted).rejects.toMatchObject({ code: "unavailable", retryAfterSeconds: 1 });
  });

  it("is refused as soon as an owner would refuse it when nobody is able to own the partition, as while the log is away", async () => {
    let now = 0;
    const submit = createRouter(
      () => ({ at: "nowhere", mayBeTaken: false }),
      undefined,
      () => now,
    );
    const submitted = submit(request);
    now = maxAnswerMs;
    await expect(submitted).rejects.toMatchObject({ code: "unavailable", retryAfterSeconds: 1 });
  });

  it("waits for the next owner for longer than an owner would let it wait, as at a planned stop on a busy machine", () =>
    withOwner(
      async () => outcome,
      async (url) => {
        let now = 0;
        let place: Place = { at: "nowhere", mayBeTaken: true };
        const looked = createWakeup();
        const submit = createRouter(
          () => {
            looked.wake();
            return place;
          },
          undefined,
          () => now,
        );
        const answer = submit(request);
        now = 2 * maxAnswerMs;
        await looked.next(10_000);
        place = { at: "there", url };
        expect(await answer).toEqual(outcome);
      },
    ));

  it("is not taken from whoever does not know the key", () =>
    withOwner(
      async () => outcome,
      async (url) => {
        const stranger = createForwarder({ secret: "another secret", log });
        await expect(stranger.forward(url, request, 5_000)).rejects.toMatchObject({ name: "NotTaken" });
        stranger.close();
        const answer = await fetch(`${url}/api/internal/commands`, { method: "POST" });
        expect(answer.status).toBe(404);
      },
    ));

  it("follows the one before of the same person in the same chat, which waits for an owner", async () => {
    const order: string[] = [];
    await withOwner(
      async ({ id }) => {
        order.push(id);
        return outcome;
      },
      async (url) => {
        let place: Place = { at: "nowhere", mayBeTaken: true };
        const submit = createRouter(() => place);
        const ids = ["first", "second", "third"];
        const answers = ids.map((id) => submit({ ...request, id }));
        place = { at: "there", url };
        await Promise.all(answers);
        expect(order).toEqual(ids);
      },
    );
  });
});

const routerTo = (url: string) => createRouter(() => ({ at: "there", url }));

function createRouter(placeOf: () => Place, refresh: () => void = () => undefined, now = systemClock.now) {
  return createCommandRouter({
    partitions: 1,
    owned: { owns: () => false, submit: () => Promise.reject(notOwner()) },
    placeOf,
    refresh,
    changed: createWakeup(),
    forward: createForwarder({ secret, log }).forward,
    clock: { ...systemClock, now },
    observe: () => undefined,
  });
}

function withOwner(
  submit: (command: CommandRequest) => Promise<CommandOutcome>,
  use: (url: string) => Promise<void>,
): Promise<void> {
  return withServer(takeForwarded({ secret, submit, log }, nowhere), use);
}

async function withServer(listener: RequestListener, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }
}

async function closedPort(): Promise<number> {
  let port = 0;
  await withServer(nowhere, async (url) => {
    port = Number(new URL(url).port);
  });
  return port;
}
