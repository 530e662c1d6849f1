import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, jest } from "@jest/globals";
import { WebSocket } from "ws";
import { groupOf, send } from "@chat/shared/testing/chat-facts";
import { checkFrameToClient } from "@chat/shared/testing/check-frame";
import { openCuttingProxy } from "@chat/shared/testing/cutting-proxy";
import { eventually } from "@chat/shared/testing/eventually";
import type { Frame } from "@chat/shared/testing/socket-client";
import { withRealtime } from "./testing/with-realtime.ts";

jest.setTimeout(120_000);
/** More make it surer and longer, and change nothing else. */
const CUTS = 300;
const USERS = ["1", "2", "3", "4"];
const chats = USERS.map((_, index) => `0197a3c0-0000-7000-8000-00000000000${index + 1}`);
/** From within the handshake to some twenty frames. */
const MAX_BYTES = 12_000;
const WRITE_EVERY_MS = 4;

/** A device that comes back whenever it is cut off, and notes what it was told. */
interface Device {
  readonly name: string;
  /** It names its cursor. */
  readonly exact: boolean;
  /** Versions by chat, as they came. */
  readonly heard: Map<string, number[]>;
  stop(): void;
}

describe("a device whose connection is cut again and again, at any byte", () => {
  it("hears everything: once and in order with a cursor, at least once without", () =>
    withRealtime(
      async (stack) => {
        await stack.another();
        let next = 0;
        const proxy = await openCuttingProxy({
          target: () => stack.ports()[(next += 1) % stack.ports().length] ?? 0,
          bytesUntilCut: () => Math.floor(Math.random() ** 2 * MAX_BYTES),
        });
        const devices: Device[] = [];
        for (const userId of USERS) {
          const first = await stack.connect(userId, "&device=plain");
          const from = first.frames[0]?.cursor ?? "";
          first.ws.terminate();
          const url = `ws://127.0.0.1:${proxy.port}${stack.path(userId)}`;
          devices.push(comeBackFor(`cursor of ${userId}`, `${url}&device=exact`, from));
          devices.push(comeBackFor(`plain of ${userId}`, `${url}&device=plain`, null));
        }

        for (const chatId of chats) await stack.append(chatId, "1", groupOf(...USERS));
        let seq = 0;
        while (proxy.cuts() < CUTS) {
          seq += 1;
          for (const chatId of chats) await stack.append(chatId, "1", send(seq));
          await sleep(WRITE_EVERY_MS);
        }
        proxy.spare();

        const all = Array.from({ length: seq + 1 }, (_, index) => index + 1);
        await eventually(
          () => {
            for (const { name, heard } of devices) {
              for (const chatId of chats)
                expect({ name, last: heard.get(chatId)?.at(-1) }).toEqual({ name, last: seq + 1 });
            }
          },
          { within: 60_000 },
        );
        const [exact, plain] = [devices.filter((device) => device.exact), devices.filter((device) => !device.exact)];
        for (const { name, heard } of exact) {
          for (const versions of heard.values()) expect({ name, versions }).toEqual({ name, versions: all });
        }
        let doubles = 0;
        for (const { name, heard } of plain) {
          for (const versions of heard.values()) {
            const once = [...new Set(versions)].sort((one, other) => one - other);
            expect({ name, versions: once }).toEqual({ name, versions: all });
            doubles += versions.length - all.length;
          }
        }
        for (const device of devices) device.stop();
        proxy.close();
        process.stdout.write(
          `${proxy.cuts()} cuts, ${seq * chats.length} messages, ${doubles} doubles for plain devices\n`,
        );
      },
      { heartbeatMs: 500 },
    ));
});

/** `cursor`: it names the last one that it was given; null: it names none, and its pongs speak for it. */
function comeBackFor(name: string, url: string, cursor: string | null): Device {
  const heard = new Map<string, number[]>();
  let at = cursor;
  let stopped = false;
  let ws: WebSocket;

  function open(): void {
    if (stopped) return;
    ws = new WebSocket(at === null ? url : `${url}&cursor=${at}`);
    const inThisSocket = new Map<string, number>();
    ws.on("message", (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as Frame;
      checkFrameToClient(frame);
      if (at !== null && frame.at !== undefined) at = frame.at;
      const { chat_id: chatId, version } = frame;
      if (chatId === undefined || version === undefined) return;
      // In one socket everything comes in order and once, whatever the client knows.
      expect(version).toBe((inThisSocket.get(chatId) ?? version - 1) + 1);
      inThisSocket.set(chatId, version);
      const versions = heard.get(chatId);
      if (versions === undefined) heard.set(chatId, [version]);
      else versions.push(version);
    });
    ws.on("error", () => undefined);
    ws.on("close", () => setImmediate(open));
  }

  open();
  return {
    name,
    exact: cursor !== null,
    heard,
    stop() {
      stopped = true;
      ws.terminate();
    },
  };
}
