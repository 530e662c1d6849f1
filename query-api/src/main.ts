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
import { runService } from "@chat/shared/run-service";
import { defaultAllowedOrigins, uploadLimitsOf } from "@chat/shared/settings";
import { queryApiSettings } from "./config.ts";
import { createQueryApi } from "./service.ts";

const secondsAMinute = 60;

await runService({
  name: "query-api",
  about: "answers every GET from the read models, never older than what was acknowledged before",
  settings: queryApiSettings,
  checkSettings: checkFilesHavePlace,
  environment: process.env,
  async create(settings, { log: logger }) {
    const files = await openFileStore(settings);
    // command-api, which makes the folder at its own first start, may be starting at this moment.
    await files.check().catch((error: unknown) => logger.warn({ err: error }, "files cannot be read now"));
    const backend = await connectBackend("query-api", settings, logger);
    const lifetimeSeconds = settings.ACCESS_TOKEN_EXPIRE_MINUTES * secondsAMinute;
    const revoked = followRevokedSessionsOfOthers({ ...backend, tokenLifetimeSeconds: lifetimeSeconds });
    const tokens = refuseRevoked(createAccessTokens({ secret: settings.SECRET_KEY, lifetimeSeconds }), revoked);
    const { routes, pages } = createQueryApi({ ...backend, files, uploadLimits: uploadLimitsOf(settings) });
    const { pool, log, metrics } = backend;
    const readiness = createReadiness();
    const checks = { database: () => pool.query("SELECT 1"), log: log.ends, files: files.check };
    const http = createHttpServer({
      name: "query-api http",
      port: settings.PORT,
      farewellMs: FAREWELL_MS,
      listener: createHttpApp({
        routes: [...routes, ...healthRoutes({ readiness, checks, metrics })],
        authenticate: createAuthenticate(tokens),
        log: logger,
        limiting: limitingOf(settings),
        pages,
        observe: observeRequests(metrics),
        allowedOrigins: settings.ALLOWED_ORIGINS ?? defaultAllowedOrigins,
        amongOthers: true,
      }),
    });
    return composeServices("query-api", [backend.service, revoked, http, readiness]);
  },
});
