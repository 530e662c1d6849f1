import type { Duplex } from "node:stream";
import type { Pool } from "pg";
import { createProjector } from "@chat/projector/service";
import { createRealtime, type RealtimeOptions } from "@chat/realtime/service";
import { createAccessTokens } from "@chat/shared/identity/access-token";
import { createRevokedSessionList } from "@chat/shared/identity/revoked-sessions";
import { decodeCursor } from "@chat/shared/log/cursor";
import type { EventLog } from "@chat/shared/log/event-log";
import { Rejection } from "@chat/shared/rejection";
import { createMemorySignals } from "@chat/shared/signals/memory/memory-signals";
import type { Signals, SignalsService } from "@chat/shared/signals/signals";
import { createLogger } from "@chat/shared/telemetry/logger";
import { createMetrics } from "@chat/shared/telemetry/metrics";
import { type AppendChatEvents, createChatWriter } from "@chat/shared/testing/chat-writer";
import { eventually } from "@chat/shared/testing/eventually";
import { openSocket, type SocketClient, type SocketOptions } from "@chat/shared/testing/socket-client";
import { type SpecDatabase, withPostgres } from "@chat/shared/testing/with-postgres";
import { createWakeup } from "@chat/shared/wakeup";
import { migrationSets } from "../../migrate/migration-sets.ts";
import { type LogKind, type OpenLog, withLog } from "./with-log.ts";
import { serveSockets } from "./serve-sockets.ts";

const tokens = createAccessTokens({ secret: "a secret that is long enough for HS256", lifetimeSeconds: 600 });
const logger = createLogger({ service: "spec", level: "silent" });

/** Realtime as its clients see it, and what happens behind it. */
export interface PushStack {
  readonly log: EventLog;
  readonly pool: Pool;
  readonly append: AppendChatEvents;
  connect(userId: string, query?: string, options?: SocketOptions): Promise<SocketClient>;
  /** Until every instance has told all that was appended so far. A device without a cursor begins where its instance is. */
  heard(): Promise<void>;
  /** Until the read models hold everything. */
  projected(): Promise<void>;
  /** `the journal`: until everything so far is in there, and on an instance that holds nothing of it in memory. */
  pastIsIn(source: "the window" | "the journal"): Promise<void>;
  /** Until it is stored that a socket has proven as much. */
  isStored(cursor: string): Promise<void>;
  /** The instance goes as by SIGKILL: what is stored stays as it is. */
  crash(): Promise<void>;
  /** All sockets of all instances end without a word, from the server's side. */
  dropAll(): void;
  /** The oldest instance says and hears nothing any more, and cuts its sockets. */
  vanish(): void;
  port(): number;
  /** Starts one more instance beside. */
  another(): Promise<void>;
  /** The user's session is over, and every instance knows. */
  endSession(userId: string): void;
  /** Of all instances. */
  ports(): readonly number[];
  /** What comes behind the port to connect as this user. */
  path(userId: string): string;
  /** What the newest instance shows under this name. */
  metric(name: string): Promise<number>;
  /** The statements sent by realtime so far. */
  questions(): readonly string[];
  /** Of those whose names begin so, how many have ever been on their way at once. */
  mostAtOnce(prefix: string): number;
}

export interface PushStackOptions {
  /** Where the log is; each instance of realtime opens it for itself. */
  readonly log?: LogKind;
  /** One for each instance; in memory when absent. */
  readonly openSignals?: () => Promise<SignalsService>;
}

/** Realtime on a port of its own, over a log, with read models that the projector keeps. */
export function withRealtime(
  use: (stack: PushStack) => Promise<void>,
  limits: NonNullable<RealtimeOptions["limits"]> = {},
  { log: kind = "memory", openSignals }: PushStackOptions = {},
): Promise<void> {
  return withPostgres((database) => withLog(kind, database, (openLog) => onLog(database, openLog)), {
    migrations: migrationSets,
  });

  async function onLog({ pool, url }: SpecDatabase, openLog: OpenLog): Promise<void> {
    // As one process appends and projects, and others tell.
    const log = await openLog();
    const everybody = createMemorySignals();
    const onFatal = (error: unknown): never => {
      throw error;
    };
    const projector = createProjector({
      log,
      pool,
      databaseUrl: url,
      logger,
      metrics: createMetrics(),
      progress: createWakeup(),
      onFatal,
    });
    await using running = new AsyncDisposableStack();
    await projector.start();
    running.defer(() => projector.stop());
    const revoked = createRevokedSessionList({ tokenLifetimeSeconds: tokens.lifetimeSeconds });
    const clients: SocketClient[] = [];
    const questions: Question[] = [];
    const instances = [await startInstance(watched(pool, questions))];
    running.defer(async () => {
      for (const { ws } of clients) ws.terminate();
      for (const instance of instances) await instance.stop();
    });
    const current = () => instances.at(-1) ?? instances[0];

    async function startInstance(watchedPool: Pool) {
      let dead = false;
      const service = await openSignals?.();
      await service?.start();
      const shared: Signals = service ?? everybody;
      const signals: Signals = {
        publish(signal) {
          if (!dead) shared.publish(signal);
        },
        subscribe: (hear) =>
          shared.subscribe((signal) => {
            if (!dead) hear(signal);
          }),
      };
      const metrics = createMetrics();
      const told = new Map<number, number>();
      const realtime = createRealtime({
        log: noting(await openLog(), told),
        logger,
        signals,
        pool: new Proxy(watchedPool, {
          get: (target, name) =>
            dead && name === "query"
              ? () => Promise.reject(new Error("it is dead"))
              : (Reflect.get(target, name) as unknown),
        }),
        metrics,
        tokens,
        revoked,
        commands: () => Promise.reject(new Rejection("unavailable", "Nobody decides here.")),
        limits,
      });
      await realtime.start();
      const sockets = new Set<Duplex>();
      const server = await serveSockets((request, socket, head) => {
        sockets.add(socket);
        realtime.handleUpgrade(request, socket, head);
      });
      return {
        port: server.port,
        metrics,
        hasTold: (ends: readonly number[]) => ends.every((end, partition) => (told.get(partition) ?? 0) >= end),
        kill: () => (dead = true),
        drop() {
          for (const socket of sockets) socket.destroy();
          sockets.clear();
        },
        async stop() {
          await realtime.stop();
          await service?.stop();
          server.close();
        },
      };
    }

    async function heard(): Promise<void> {
      const ends = await log.ends();
      await eventually(() => expect(instances.every(({ hasTold }) => hasTold(ends))).toBe(true), { within: 30_000 });
    }

    async function projected(): Promise<void> {
      await eventually(async () => {
        const { rows } = await pool.query<{ sum: number }>("SELECT sum(next_offset)::int FROM read_1.checkpoints");
        expect(rows[0]?.sum).toBe((await log.ends()).reduce((sum, end) => sum + end, 0));
      });
    }

    await use({
      log,
      pool,
      append: createChatWriter(log),
      async connect(userId, query = "", options = {}) {
        const client = await openSocket(`ws://127.0.0.1:${current()?.port}${pathOf(userId)}${query}`, options);
        clients.push(client);
        return client;
      },
      heard,
      projected,
      async pastIsIn(source) {
        await projected();
        if (source === "the journal") instances.push(await startInstance(watched(pool, questions)));
      },
      async isStored(cursor) {
        const proven = decodeCursor(cursor)?.offsets ?? [Infinity];
        await eventually(
          async () => {
            const { rows } = await pool.query<{ offsets: string[] }>("SELECT offsets FROM devices.sockets");
            const stored = rows.map(({ offsets }) => offsets.map(Number));
            const isThere = stored.some((one) => proven.every((offset, partition) => offset <= (one[partition] ?? 0)));
            expect({ proven, stored, isThere }).toMatchObject({ isThere: true });
          },
          { within: 30_000 },
        );
      },
      async crash() {
        const instance = instances.pop();
        instance?.kill();
        for (const client of clients) client.ws.terminate();
        await instance?.stop();
        instances.push(await startInstance(watched(pool, questions)));
      },
      port: () => current()?.port ?? 0,
      endSession: (userId) => revoked.announce([sessionOf(userId)]),
      dropAll: () => instances.forEach(({ drop }) => drop()),
      vanish() {
        const [first] = instances;
        first?.kill();
        for (const { ws } of clients) if (new URL(ws.url).port === String(first?.port)) ws.terminate();
      },
      async another() {
        instances.push(await startInstance(watched(pool, questions)));
      },
      ports: () => instances.map(({ port }) => port),
      path: pathOf,
      async metric(name) {
        const page = (await current()?.metrics.page())?.body ?? "";
        return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(page)?.[1]);
      },
      questions: () => questions.map(({ name }) => name),
      mostAtOnce: (prefix) =>
        Math.max(0, ...questions.filter(({ name }) => name.startsWith(prefix)).map(({ beside }) => beside)),
    });
  }
}

function pathOf(userId: string): string {
  return `/ws?token=${tokens.sign({ userId: userId as never, sessionId: sessionOf(userId) })}`;
}

/** The log for one who reads it, and by partition the offset up to which he is done: then he asks for more. */
function noting(log: EventLog, done: Map<number, number>): EventLog {
  return {
    ...log,
    async *read(from, ...how) {
      for (const [partition, offset] of from) done.set(partition, offset);
      for await (const batch of log.read(from, ...how)) {
        yield batch;
        done.set(batch.partition, batch.next);
      }
    },
  };
}

interface Question {
  readonly name: string;
  /** How many of this name were on their way then, itself too. */
  readonly beside: number;
}

/** Notes the name of each statement but those that say that the instance is alive, store what was proven, and ask who is online. */
function watched(pool: Pool, questions: Question[]): Pool {
  const own = new Set([
    "device-sockets-seen",
    "device-sockets-store",
    "device-sockets-find-upkeep",
    "device-sockets-tidy",
    "device-sockets-prune",
    "device-sockets-prune-holders",
    "realtime-circles",
  ]);
  const underWay = new Map<string, number>();
  return new Proxy(pool, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (name !== "query" || typeof value !== "function") return value;
      return (...sent: [{ name?: string } | string]): unknown => {
        const question = typeof sent[0] === "string" ? sent[0] : (sent[0].name ?? "");
        const answer: unknown = Reflect.apply(value, target, sent);
        if (own.has(question.split("@")[0] ?? "")) return answer;
        const change = (by: number): number => {
          const beside = (underWay.get(question) ?? 0) + by;
          underWay.set(question, beside);
          return beside;
        };
        questions.push({ name: question, beside: change(1) });
        const over = (): void => void change(-1);
        void Promise.resolve(answer).then(over, over);
        return answer;
      };
    },
  });
}

const sessionOf = (userId: string): string => `session of ${userId}`;
