import { hostname } from "node:os";
import { connectBackend } from "@chat/shared/backend";
import { checkFilesHavePlace } from "@chat/shared/files/file-settings";
import { openFileStore } from "@chat/shared/files/open-file-store";
import { createHttpApp } from "@chat/shared/http/app";
import { createAuthenticate } from "@chat/shared/http/authenticate";
import { createReadiness, healthRoutes } from "@chat/shared/http/health";
import { observeRequests } from "@chat/shared/http/observe-requests";
import { limitingOf } from "@chat/shared/http/rate-limits";
import { createHttpServer, FAREWELL_MS } from "@chat/shared/http/server";
import { createAccessTokens } from "@chat/shared/identity/access-token";
import { followRevokedSessionsOfOthers } from "@chat/shared/identity/follow-revoked-sessions";
import { refuseRevoked } from "@chat/shared/identity/revoked-sessions";
import { composeServices } from "@chat/shared/lifecycle";
import { createNotifyWakeup } from "@chat/shared/postgres/notify-wakeup";
import { runService } from "@chat/shared/run-service";
import { defaultAllowedOrigins, uploadLimitsOf } from "@chat/shared/settings";
import { checkSignals, connectSignals } from "@chat/shared/signals/connect-signals";
import { commandApiSettings } from "./config.ts";
import { createCommandApi } from "./service.ts";

const secondsAMinute = 60;

await runService({
  name: "command-api",
  about: "validates commands, decides them, and appends the events to the log",
  settings: commandApiSettings,
  checkSettings: checkFilesHavePlace,
  environment: process.env,
  async create(settings, { log: logger }) {
    // query-api reads them as a user of its own.
    const files = await openFileStore(settings, { readableBy: "group" });
    const checks = [files.prepare(), checkSignals("command-api", settings, logger)];
    const backend = await connectBackend("command-api", settings, logger, checks);
    const signals = connectSignals("command-api", settings, backend);
    const lifetimeSeconds = settings.ACCESS_TOKEN_EXPIRE_MINUTES * secondsAMinute;
    const revoked = followRevokedSessionsOfOthers({ ...backend, tokenLifetimeSeconds: lifetimeSeconds });
    const tokens = refuseRevoked(createAccessTokens({ secret: settings.SECRET_KEY, lifetimeSeconds }), revoked);
    const leaseChanges = createNotifyWakeup({ url: settings.DATABASE_URL, channel: "chat_leases", log: logger });
    const api = createCommandApi({
      ...backend,
      files,
      uploadLimits: uploadLimitsOf(settings),
      signals,
      tokens,
      revoked,
      secret: settings.SECRET_KEY,
      leaseChanges,
      instanceUrl: () => settings.INSTANCE_URL ?? `http://${hostname()}:${String(http.address().port)}`,
    });
    const { pool, log, metrics } = backend;
    const readiness = createReadiness();
    const health = { database: () => pool.query("SELECT 1"), log: log.ends, files: files.check };
    const http = createHttpServer({
      name: "command-api http",
      port: settings.PORT,
      farewellMs: FAREWELL_MS,
      listener: api.takeForwarded(
        createHttpApp({
          routes: [...api.routes, ...healthRoutes({ readiness, checks: health, metrics })],
          authenticate: createAuthenticate(tokens),
          log: logger,
          limiting: limitingOf(settings),
          observe: observeRequests(metrics),
          allowedOrigins: settings.ALLOWED_ORIGINS ?? defaultAllowedOrigins,
          amongOthers: true,
        }),
      ),
    });
    return composeServices("command-api", [
      backend.service,
      signals,
      revoked,
      leaseChanges,
      api,
      http,
      api.share,
      readiness,
    ]);
  },
});
