import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import { createRealtime } from "@chat/realtime/service";
import { createAccessTokens } from "@chat/shared/identity/access-token";
import { createRevokedSessionList } from "@chat/shared/identity/revoked-sessions";
import type { EventLog } from "@chat/shared/log/event-log";
import { Rejection } from "@chat/shared/rejection";
import { createMemorySignals } from "@chat/shared/signals/memory/memory-signals";
import { createLogger } from "@chat/shared/telemetry/logger";
import { createMetrics } from "@chat/shared/telemetry/metrics";
import { groupOf, send } from "@chat/shared/testing/chat-facts";
import { createChatWriter } from "@chat/shared/testing/chat-writer";
import { openCuttingProxy } from "@chat/shared/testing/cutting-proxy";
import { eventually } from "@chat/shared/testing/eventually";
import { openSocket } from "@chat/shared/testing/socket-client";
import { comeBackFor, type CutDevice } from "./cut-device.ts";
import { serveSockets } from "../serve-sockets.ts";

const USERS = ["1", "2", "3", "4"];
const chats = USERS.map((_, index) => `0197a3c0-0000-7000-8000-00000000000${index + 1}`);
/** From within the handshake to some twenty frames. */
const MAX_BYTES = 12_000;
/** Short, so that pongs prove something between two cuts. */
const HEARTBEAT_MS = 500;
/** Between two rounds of writing: without a pause nobody would get a word in. */
const WRITE_EVERY_MS = 4;
/** What is left to tell when the last cut is made. */
const ALL_TOLD_WITHIN_MS = 60_000;

export interface CutsOptions {
  /** One for each instance, and at least one. The first is also written to. */
  readonly logs: readonly [EventLog, ...EventLog[]];
  readonly pool: Pool;
  readonly cuts: number;
  /** On a machine that is too busy for so many it ends with fewer, and says how many. No bound when absent. */
  readonly withinMs?: number;
  /** From 0 up to, not including, 1: where connections are cut follows from it. */
  readonly random: () => number;
  readonly progress?: (cuts: number, messages: number) => void;
}

export interface CutsVerdict {
  readonly cuts: number;
  readonly messages: number;
  /** Events that plain devices heard again. */
  readonly doubles: number;
  /** What broke a promise; empty when all were kept. */
  readonly wrong: readonly string[];
}

/**
 * Devices of four users, with cursors of their own and without, whose connections to one instance or the other are cut
 * at any byte while events are written. In the end those with a cursor must have heard each event once and in order, the
 * others each at least once.
 */
export async function runCuts(options: CutsOptions): Promise<CutsVerdict> {
  const { logs, pool, cuts, withinMs = Infinity, random, progress } = options;
  const tokens = createAccessTokens({ secret: "a secret that is long enough for HS256", lifetimeSeconds: 7_200 });
  const tokenOf = (userId: string) => tokens.sign({ userId: userId as never, sessionId: `session of ${userId}` });
  const signals = createMemorySignals();

  async function startInstance(log: EventLog) {
    const realtime = createRealtime({
      log,
      pool,
      signals,
      tokens,
      revoked: createRevokedSessionList({ tokenLifetimeSeconds: tokens.lifetimeSeconds }),
      commands: () => Promise.reject(new Rejection("unavailable", "Nobody decides here.")),
      logger: createLogger({ service: "cuts", level: "silent" }),
      metrics: createMetrics(),
      limits: { heartbeatMs: HEARTBEAT_MS },
    });
    await realtime.start();
    const server = await serveSockets(realtime.handleUpgrade);
    return {
      port: server.port,
      async stop() {
        await realtime.stop();
        server.close();
      },
    };
  }

  await using running = new AsyncDisposableStack();
  const instances = await Promise.all(logs.map(startInstance));
  for (const instance of instances) running.defer(instance.stop);
  let next = 0;
  const proxy = await openCuttingProxy({
    target: () => instances[(next += 1) % instances.length]?.port ?? 0,
    bytesUntilCut: () => Math.floor(random() ** 2 * MAX_BYTES),
  });
  running.defer(() => proxy.close());

  const devices: CutDevice[] = [];
  running.defer(() => devices.forEach((device) => device.stop()));
  for (const userId of USERS) {
    const path = `/ws?token=${tokenOf(userId)}`;
    // Known from before the first event on, so it is owed all of them.
    const first = await openSocket(`ws://127.0.0.1:${instances[0]?.port}${path}&device=plain`);
    first.ws.terminate();
    const url = `ws://127.0.0.1:${proxy.port}${path}`;
    devices.push(comeBackFor(`cursor of ${userId}`, `${url}&device=exact`, first.cursor()));
    devices.push(comeBackFor(`plain of ${userId}`, `${url}&device=plain`, null));
  }

  const append = createChatWriter(logs[0]);
  await Promise.all(chats.map((chatId) => append(chatId, "1", groupOf(...USERS))));
  let seq = 0;
  const until = performance.now() + withinMs;
  while (proxy.cuts() < cuts && performance.now() < until) {
    seq += 1;
    await Promise.all(chats.map((chatId) => append(chatId, "1", send(seq))));
    progress?.(proxy.cuts(), seq * chats.length);
    await sleep(WRITE_EVERY_MS);
  }
  proxy.spare();

  const last = seq + 1;
  const late = await untilAllTold(devices, last);
  const wrong = devices.flatMap((device) => [...device.wrong, ...faultsOf(device, last)]);
  return {
    cuts: proxy.cuts(),
    messages: seq * chats.length,
    doubles: devices.filter(({ exact }) => !exact).reduce((sum, device) => sum + doublesOf(device, last), 0),
    wrong: late === null ? wrong : [late, ...wrong],
  };
}

async function untilAllTold(devices: readonly CutDevice[], last: number): Promise<string | null> {
  const isTold = ({ heard }: CutDevice): boolean => chats.every((chatId) => heard.get(chatId)?.at(-1) === last);
  const check = (): void => {
    const behind = devices.filter((device) => !isTold(device));
    if (behind.length > 0) throw new Error(`these did not hear all: ${behind.map(({ name }) => name).join(", ")}`);
  };
  return eventually(check, { within: ALL_TOLD_WITHIN_MS }).then(
    () => null,
    (error: unknown) => String(error),
  );
}

function faultsOf({ name, exact, heard }: CutDevice, last: number): string[] {
  return chats.flatMap((chatId) => {
    const versions = heard.get(chatId) ?? [];
    // One that names no cursor may hear again what its pongs did not prove.
    const counted = exact ? versions : [...new Set(versions)].sort((one, other) => one - other);
    const broken = counted.findIndex((version, index) => version !== index + 1);
    if (broken < 0 && counted.length === last) return [];
    const around = counted.slice(Math.max(0, broken - 2), broken + 3).join(", ");
    return [`${name} heard ${counted.length} of ${last} events of ${chatId}, around the first fault: ${around}`];
  });
}

function doublesOf({ heard }: CutDevice, last: number): number {
  return [...heard.values()].reduce((sum, versions) => sum + versions.length - last, 0);
}
