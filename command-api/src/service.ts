import type { RequestListener } from "node:http";
import { hostname } from "node:os";
import type { Pool } from "pg";
import type { CommandPort } from "@chat/shared/commands/command-port";
import type { FileStore } from "@chat/shared/files/file-store";
import type { Route } from "@chat/shared/http/define-route";
import type { RateLimits } from "@chat/shared/http/rate-limits";
import { newElectionId, newEventId } from "@chat/shared/ids";
import type { AccessTokens } from "@chat/shared/identity/access-token";
import { type RevokedSessions, sessionEnded } from "@chat/shared/identity/revoked-sessions";
import type { Service } from "@chat/shared/lifecycle";
import type { EventLog } from "@chat/shared/log/event-log";
import { createPool } from "@chat/shared/postgres/connect";
import { createLiveReader } from "@chat/shared/read-model/read-live";
import type { Signals } from "@chat/shared/signals/signals";
import type { Logger } from "@chat/shared/telemetry/logger";
import type { Metrics } from "@chat/shared/telemetry/metrics";
import type { Wakeup } from "@chat/shared/wakeup";
import { createChatCommands } from "./commands/chat-commands.ts";
import { createMessaging, createSocketCommands } from "./commands/messaging.ts";
import { createRequestHash } from "./commands/request-hash.ts";
import { connectFiles } from "./files/connect-files.ts";
import type { UploadLimits } from "./files/uploads.ts";
import { createAnnounceProfile } from "./identity/announce-profile.ts";
import { connectAccounts } from "./identity/connect-accounts.ts";
import { createExistingUsers } from "./identity/existing-users.ts";
import { createIdentity } from "./identity/identity.ts";
import { createLoginThrottle } from "./identity/login-throttle.ts";
import { createPasswords } from "./identity/passwords.ts";
import { createSessions } from "./identity/sessions.ts";
import { observePartitions } from "./observe-partitions.ts";
import { systemClock } from "./partition-owner/clock.ts";
import { takeForwarded } from "./partition-owner/forwarded-commands.ts";
import { createOwnedPartitions } from "./partition-owner/owned-partitions.ts";
import { createSharedPartitions } from "./partition-owner/shared-partitions.ts";
import { createSnapshotSource } from "./partition-owner/snapshot.ts";
import { authRoutes } from "./routes/auth.ts";
import { avatarRoutes } from "./routes/avatars.ts";
import { chatRoutes } from "./routes/chats.ts";
import { fileRoutes } from "./routes/files.ts";
import { memberRoutes } from "./routes/members.ts";
import { messageRoutes } from "./routes/messages.ts";
import { readRoutes } from "./routes/read.ts";
import { sessionRoutes } from "./routes/sessions.ts";
import { userRoutes } from "./routes/users.ts";

export interface CommandApiDependencies {
  readonly log: EventLog;
  /** For the read models. */
  readonly pool: Pool;
  /** For accounts, which have connections of their own. */
  readonly databaseUrl: string;
  /** Prepared. */
  readonly files: FileStore;
  /** `defaultUploadLimits` when absent. */
  readonly uploadLimits?: UploadLimits;
  /** For specs. */
  readonly collectFilesEveryMs?: number;
  readonly tokens: AccessTokens;
  /** Told of the sessions that end here. */
  readonly revoked: RevokedSessions;
  /** For changed profiles. Absent: nobody is told. */
  readonly signals?: Signals;
  /** Those of the HTTP that serves the routes: commands from sockets count among the others. Absent: they are not counted. */
  readonly limits?: RateLimits;
  /** Makes the keyed hashes of requests; it must stay the same for ever, or repeated keys look like other requests. */
  readonly secret: string;
  /** Where other instances of command-api reach this one, without a path; asked for once its HTTP server listens. */
  readonly instanceUrl: () => string;
  /** Between the instances: who owns what has changed. */
  readonly leaseChanges: Wakeup;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Validates commands, decides them, and appends the events: the only service that writes to the log. */
export interface CommandApi extends Service {
  readonly routes: readonly Route[];
  /** The same commands from sockets, of which a user may send no more a minute than he may without. */
  readonly socketCommands: CommandPort;
  /** Stands before the application of the routes: takes what other instances forward. */
  takeForwarded(next: RequestListener): RequestListener;
  /**
   * This instance's share of the partitions. To be started when HTTP listens, for then others forward to it; stopped, it
   * hands over to the others while HTTP goes on. Alone it keeps everything, until the service itself is stopped.
   */
  readonly share: Service;
}

const ignore = (): void => undefined;

export function createCommandApi(dependencies: CommandApiDependencies): CommandApi {
  const { log, pool, databaseUrl, tokens, revoked, secret, logger, metrics } = dependencies;
  const accounts = connectAccounts(databaseUrl, logger);
  const passwords = createPasswords();
  const profileChanged =
    dependencies.signals === undefined ? {} : { profileChanged: createAnnounceProfile(dependencies.signals) };
  const throttle = createLoginThrottle();
  const identity = createIdentity({ db: accounts, tokens, passwords, throttle, ...profileChanged });
  const sessions = createSessions({ db: accounts, tokens, passwords, throttle, revoked, log: logger });
  const live = createLiveReader(pool);
  const writer = `command-api@${hostname()}/${String(process.pid)}`;
  const owned = createOwnedPartitions({
    log,
    source: createSnapshotSource(live, log.partitions),
    checkpoints: async () =>
      (await live.read({ name: "checkpoints", text: () => "SELECT 1", values: [] }, "all")).positions,
    mayLead: (partition) => partitions.mayLead(partition),
    writer,
    clock: systemClock,
    newElectionId,
    newEventId,
    observe: observePartitions(metrics, logger),
  });
  const leases = createPool({ url: databaseUrl, name: "leases", max: 1, log: logger });
  const partitions = createSharedPartitions({
    ...dependencies,
    owned,
    leases,
    // Another one each time: what an earlier life of this process held is not ours.
    instanceId: `${writer}/${newEventId()}`,
  });
  const commands = createChatCommands({
    submit: partitions.submit,
    hashRequest: createRequestHash(secret),
    existingUsers: createExistingUsers(pool),
    newCommandId: newEventId,
    now: () => new Date(),
  });
  const messaging = createMessaging(commands);
  // Whoever owns the first partition collects for all.
  const files = connectFiles({ ...dependencies, live, isItsTurn: () => partitions.mayLead(0) });
  const fromSockets = createSocketCommands(messaging);

  return {
    name: "command-api",
    routes: [
      ...authRoutes(identity),
      ...sessionRoutes(sessions),
      ...userRoutes(identity),
      ...avatarRoutes({ commands, identity, ...files }),
      ...chatRoutes(commands),
      ...memberRoutes(commands),
      ...messageRoutes(commands, messaging),
      ...fileRoutes(commands, files.uploads),
      ...readRoutes(messaging),
    ],
    // What comes over HTTP was refused by whoever read its token; a socket's token was read long ago.
    socketCommands: async (caller, command) => {
      if (revoked.has(caller.sessionId)) throw sessionEnded();
      // Counting takes all that it lets through equally long, so the order of a socket's frames stays. There are no headers to tell.
      await dependencies.limits?.take("command", caller.userId, ignore);
      return fromSockets(caller, command);
    },
    takeForwarded: (next) => takeForwarded({ secret, submit: owned.submit, log: logger }, next),
    share: partitions.share,
    async start() {
      await owned.start();
      await files.collector.start();
    },
    async stop() {
      await files.collector.stop();
      await partitions.stop();
      await owned.stop();
      await Promise.all([leases.end(), accounts.destroy()]);
    },
  };
}
