import { userInfo } from "node:os";
import { connectBackend } from "@chat/shared/backend";
import { readOptions } from "@chat/shared/command-line";
import { createHttpApp } from "@chat/shared/http/app";
import { createReadiness, healthRoutes } from "@chat/shared/http/health";
import { createHttpServer } from "@chat/shared/http/server";
import { composeServices, type Service } from "@chat/shared/lifecycle";
import { createClient } from "@chat/shared/postgres/connect";
import { Rejection } from "@chat/shared/rejection";
import { runService } from "@chat/shared/run-service";
import { operatorSettings, projectorSettings } from "./config.ts";
import { rebuild } from "./rebuild.ts";
import { createProjector } from "./service.ts";
import { readSkipRequest } from "./skip-request.ts";
import { skipEvent } from "./skip.ts";

const environment = process.env;
const [order, ...rest] = process.argv.slice(2).filter((argument) => argument !== "--help");

switch (order) {
  case undefined:
    await project();
    break;
  case "skip":
    await skip();
    break;
  case "rebuild":
    await rebuildAll();
    break;
  default:
    process.stderr.write(`projector: there is no order ${order}; there are skip and rebuild, and none to project\n`);
    process.exitCode = 1;
}

async function project(): Promise<void> {
  await runService({
    name: "projector",
    about: "follows the log and keeps the read models (orders: skip, rebuild)",
    settings: projectorSettings,
    environment,
    async create(settings, { log: logger, fail }) {
      const backend = await connectBackend("projector", settings, logger);
      const readiness = createReadiness();
      const checks = { database: () => backend.pool.query("SELECT 1"), log: backend.log.ends };
      const http = createHttpServer({
        name: "projector http",
        port: settings.PORT,
        listener: createHttpApp({
          routes: healthRoutes({ readiness, checks, metrics: backend.metrics }),
          authenticate: () => {
            throw new Rejection("unauthenticated", "Nothing here is for callers.");
          },
          log: logger,
        }),
      });
      return composeServices("projector", [
        backend.service,
        createProjector({ ...backend, onFatal: fail }),
        http,
        readiness,
      ]);
    },
  });
}

async function skip(): Promise<void> {
  await runService({
    name: "projector skip",
    about: "goes on without the event that a partition is stopped at: --partition <n> --offset <n> --reason <text>",
    settings: operatorSettings,
    checkArguments: () => readSkipRequest(rest),
    environment,
    async create(settings, { log: logger }) {
      const request = { ...readSkipRequest(rest), operator: userInfo().username };
      const backend = await connectBackend("projector skip", settings, logger);
      return whileStarting("skip", backend.service, async () => {
        const client = createClient({ url: backend.databaseUrl, name: "projector skip", log: logger, pipeline: true });
        try {
          await client.connect();
          await skipEvent(backend.log, client, request);
          process.stdout.write(`skipped; the chat is degraded until the next rebuild\n`);
        } finally {
          await client.end();
        }
      });
    },
  });
}

async function rebuildAll(): Promise<void> {
  await runService({
    name: "projector rebuild",
    about: "makes the read models anew beside those that answer, compares, and switches [--accept-differences]",
    settings: operatorSettings,
    checkArguments: rebuildOptions,
    environment,
    async create(settings, { log: logger }) {
      const { "accept-differences": acceptDifferences } = rebuildOptions();
      const backend = await connectBackend("projector rebuild", settings, logger);
      return whileStarting("rebuild", backend.service, () =>
        rebuild({
          log: backend.log,
          databaseUrl: backend.databaseUrl,
          logger,
          signal: new AbortController().signal,
          report: (line) => process.stdout.write(`${line}\n`),
          acceptDifferences,
        }),
      );
    },
  });
}

function rebuildOptions() {
  return readOptions({ "accept-differences": "flag" }, rest);
}

/** An order is done when it has started: what it needs is closed again, and the process has no reason to stay. */
function whileStarting(name: string, needs: Service, work: () => Promise<void>): Service {
  return {
    name,
    async start() {
      await needs.start();
      try {
        await work();
      } finally {
        await needs.stop();
      }
    },
    stop: () => Promise.resolve(),
  };
}
