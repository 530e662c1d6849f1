import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { createCommandApi } from "@chat/command-api/service";
import { createProjector } from "@chat/projector/service";
import { createQueryApi } from "@chat/query-api/service";
import { createRealtime } from "@chat/realtime/service";
import { createHttpApp } from "@chat/shared/http/app";
import { createAuthenticate } from "@chat/shared/http/authenticate";
import { observeRequests } from "@chat/shared/http/observe-requests";
import { createHttpServer } from "@chat/shared/http/server";
import { createAccessTokens } from "@chat/shared/identity/access-token";
import { createRevokedSessionList } from "@chat/shared/identity/revoked-sessions";
import { createPostgresLog, openPostgresLog } from "@chat/shared/log/postgres/postgres-log";
import { createLogger } from "@chat/shared/telemetry/logger";
import { createMetrics, type Metrics } from "@chat/shared/telemetry/metrics";
import { eventually } from "@chat/shared/testing/eventually";
import { withPostgres } from "@chat/shared/testing/with-postgres";
import { createWakeup } from "@chat/shared/wakeup";
import { noFiles } from "@chat/shared/testing/no-files";
import { migrationSets } from "../migrate/migration-sets.ts";

const password = "correct horse battery";
const services = ["command-api", "query-api", "projector", "realtime"] as const;
type Name = (typeof services)[number];

/** The metrics that a chapter of the handbook's list names, by service. */
function documented(): Readonly<Record<Name, readonly string[]>> {
  const text = readFileSync(join(import.meta.dirname, "..", "..", "docs", "operations.md"), "utf8");
  const namesUnder = (service: Name): readonly string[] => {
    const chapter = text.split(`### Metrics of ${service}\n`)[1]?.split("\n#")[0] ?? "";
    return [...chapter.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name ?? "").sort();
  };
  return {
    "command-api": namesUnder("command-api"),
    "query-api": namesUnder("query-api"),
    projector: namesUnder("projector"),
    realtime: namesUnder("realtime"),
  };
}

describe("metrics and log lines", () => {
  it("are those that the handbook lists, with the numbers of what was done, and nothing secret is in a line", async () => {
    await withPostgres(
      async ({ pool, url: databaseUrl }) => {
        await using running = new AsyncDisposableStack();
        await createPostgresLog(pool, randomUUID(), 4);
        const log = await openPostgresLog({ pool });
        running.defer(() => log.close());
        const secret = "a secret that is long enough for HS256 to like";
        const tokens = createAccessTokens({ secret, lifetimeSeconds: 600 });
        const lines: string[] = [];
        const destination = { write: (line: string) => void lines.push(line) };
        const logger = createLogger({ service: "spec", level: "trace", destination });
        const revoked = createRevokedSessionList({ tokenLifetimeSeconds: 600 });
        const common = { log, pool, files: noFiles, databaseUrl, tokens, revoked, logger, progress: createWakeup() };
        const metrics: Record<Name, Metrics> = {
          "command-api": createMetrics(),
          "query-api": createMetrics(),
          projector: createMetrics(),
          realtime: createMetrics(),
        };
        const projector = createProjector({ ...common, metrics: metrics.projector, onFatal: () => undefined });
        const commandApi = createCommandApi({
          ...common,
          metrics: metrics["command-api"],
          secret,
          instanceUrl: () => `http://127.0.0.1:${commands.address().port}`,
          leaseChanges: createWakeup(),
        });
        const serve = (name: Name, routes: typeof commandApi.routes) =>
          createHttpServer({
            name,
            port: 0,
            host: "127.0.0.1",
            listener: createHttpApp({
              routes,
              authenticate: createAuthenticate(tokens),
              log: logger,
              observe: observeRequests(metrics[name]),
            }),
          });
        const commands = serve("command-api", commandApi.routes);
        const queries = serve("query-api", createQueryApi({ ...common, metrics: metrics["query-api"] }).routes);
        const realtime = createRealtime({
          ...common,
          metrics: metrics.realtime,
          commands: commandApi.socketCommands,
          port: 0,
        });
        for (const service of [projector, commandApi, commands, commandApi.share, queries, realtime]) {
          await service.start();
          running.defer(() => service.stop());
        }

        const ask = async (port: number, method: string, path: string, body?: object, headers = {}) => {
          const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
            method,
            headers: { "Content-Type": "application/json", ...headers },
            ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          });
          return (await answer.json()) as Record<string, string>;
        };
        const tell = (method: string, path: string, body?: object, headers = {}) =>
          ask(commands.address().port, method, path, body, headers);
        const me = await tell("POST", "/auth/register", { email: "alice@example.com", password, name: "alice" });
        const token = me["access_token"] ?? "";
        const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        const traced = { traceparent, "X-Request-Id": "r-17" };
        const chat = await tell("POST", `/chats?token=${token}`, { name: "a group", member_ids: [] });
        await tell("POST", `/chats/${chat["id"] ?? ""}/messages?token=${token}`, { text: "hello" }, traced);
        await tell("POST", `/auth/login?password=${password}`, { email: "alice@example.com", password: "wrong one" });
        await tell("POST", "/auth/refresh", { refresh_token: me["refresh_token"] ?? "" });
        await ask(queries.address().port, "GET", `/chats?token=${token}`);

        const value = async (name: Name, metric: string): Promise<number> => {
          const { body } = await metrics[name].page();
          const found = body.split("\n").filter((line) => new RegExp(`^${metric}[ {]`).test(line));
          return found.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
        };
        await eventually(async () => {
          expect(await value("command-api", "chat_append_seconds_count")).toBeGreaterThanOrEqual(2);
          expect(await value("command-api", "chat_append_events_sum")).toBe(2);
          expect(await value("command-api", "chat_elections_total")).toBeGreaterThanOrEqual(4);
          expect(await value("command-api", "chat_leases_held")).toBe(4);
          expect(await value("command-api", "chat_fenced_appends_total")).toBe(0);
          expect(await value("query-api", "query_barrier_seconds_count")).toBe(1);
          expect(await value("query-api", "http_request_seconds_count")).toBe(1);
          expect(await value("projector", "projector_events_total")).toBe(2);
          expect(await value("projector", "projector_stopped_partitions")).toBe(0);
          expect((await metrics.projector.page()).body).toContain('projector_lag_events{partition="3"} 0');
          expect((await metrics.realtime.page()).body).toContain('realtime_lag_seconds{partition="0"} 0');
        });

        const shown = await Promise.all(
          services.map(async (name) => {
            const names = [...(await metrics[name].page()).body.matchAll(/^# TYPE (\w+)/gm)].map(([, found]) => found);
            return [name, names.sort()] as const;
          }),
        );
        expect(Object.fromEntries(shown)).toEqual(documented());

        const said = lines.join("");
        expect(said).toMatch(/"request_id":"r-17","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"/);
        expect(said).toContain('"path":"/auth/login"');
        for (const hidden of [password, "wrong one", token, me["refresh_token"] ?? "", secret]) {
          expect(hidden).not.toBe("");
          expect(said.includes(hidden)).toBe(false);
        }
        const { rows } = await pool.query<{ value: string }>(
          "SELECT value FROM log.records WHERE value LIKE '%hello%'",
        );
        expect(JSON.parse(rows[0]?.value ?? "{}")).toMatchObject({
          trace: expect.stringMatching(/^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-01$/),
        });
      },
      { migrations: migrationSets },
    );
  }, 60_000);
});
