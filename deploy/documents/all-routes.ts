import { createCommandApi } from "@chat/command-api/service";
import { createQueryApi } from "@chat/query-api/service";
import type { Route } from "@chat/shared/http/define-route";
import { createDiskFileStore } from "@chat/shared/files/disk-file-store";
import { createReadiness, healthRoutes } from "@chat/shared/http/health";
import { createAccessTokens } from "@chat/shared/identity/access-token";
import { createRevokedSessionList } from "@chat/shared/identity/revoked-sessions";
import { createMemoryLog } from "@chat/shared/log/memory/memory-log";
import { createPool } from "@chat/shared/postgres/connect";
import { createLogger } from "@chat/shared/telemetry/logger";
import { createMetrics } from "@chat/shared/telemetry/metrics";
import { createWakeup } from "@chat/shared/wakeup";

/** The routes as the services mount them. The services are made and never started: nothing connects anywhere. */
export function allRoutes(): readonly Route[] {
  const databaseUrl = "postgresql://nobody@localhost/nothing";
  const log = createMemoryLog({ id: "documents", partitions: 1 });
  const logger = createLogger({ service: "documents", level: "silent" });
  const pool = createPool({ url: databaseUrl, name: "documents", max: 1, log: logger });
  const files = createDiskFileStore({ folder: "." });
  const metrics = createMetrics();
  const secret = "nothing is ever signed with this one";
  const lifetimeSeconds = 1;
  const tokens = createAccessTokens({ secret, lifetimeSeconds });
  const revoked = createRevokedSessionList({ tokenLifetimeSeconds: lifetimeSeconds });
  const commandApi = createCommandApi({
    ...{ log, pool, files, databaseUrl, tokens, revoked, secret, logger, metrics },
    instanceUrl: () => "",
    leaseChanges: createWakeup(),
  });
  const queryApi = createQueryApi({ log, pool, files, progress: createWakeup(), metrics });
  return [
    ...commandApi.routes,
    ...queryApi.routes,
    ...healthRoutes({ readiness: createReadiness(), checks: {}, metrics }),
  ];
}
