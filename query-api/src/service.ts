import type { Middleware } from "koa";
import type { Pool } from "pg";
import type { FileSource } from "@chat/shared/files/file-store";
import type { Route } from "@chat/shared/http/define-route";
import type { EventLog } from "@chat/shared/log/event-log";
import { createLiveReader } from "@chat/shared/read-model/read-live";
import { defaultUploadLimits } from "@chat/shared/settings";
import type { Metrics } from "@chat/shared/telemetry/metrics";
import type { Wakeup } from "@chat/shared/wakeup";
import { createChatVersions } from "./queries/chat-versions.ts";
import { createOwnSessions } from "./queries/own-sessions.ts";
import { createUsers } from "./queries/users.ts";
import { documentPages } from "./pages/document-pages.ts";
import { createStaticFiles } from "./pages/static-files.ts";
import { webPage } from "./pages/web-page.ts";
import { observeReads } from "./observe-reads.ts";
import { createReadBarrier } from "./read-barrier.ts";
import { createAnswerRead } from "./routes/answer-read.ts";
import { chatRoutes } from "./routes/chats.ts";
import { documentRoutes } from "./routes/documents.ts";
import { fileRoutes } from "./routes/files.ts";
import { limitRoutes } from "./routes/limits.ts";
import { memberRoutes } from "./routes/members.ts";
import { createMessagePages } from "./routes/message-pages.ts";
import { messageRoutes } from "./routes/messages.ts";
import { sessionRoutes } from "./routes/sessions.ts";
import { userRoutes } from "./routes/users.ts";

export interface QueryApiDependencies {
  /** Only asked where it ends. */
  readonly log: Pick<EventLog, "id" | "partitions" | "ends">;
  /** SELECT on the live read models and on `directory` is all that it needs. */
  readonly pool: Pool;
  readonly files: FileSource;
  /** What command-api takes; `defaultUploadLimits` when absent. */
  readonly uploadLimits?: typeof defaultUploadLimits;
  /** Woken when the projector has moved a checkpoint. */
  readonly progress: Wakeup;
  /** Woken as long as a read waits for the projector; absent where that is in another process. */
  readonly wanted?: Wakeup;
  readonly metrics: Metrics;
}

export interface QueryApi {
  readonly routes: readonly Route[];
  /** What people look at: no part of the API. */
  readonly pages: readonly Middleware[];
}

/** Answers every GET from the read models, none of them older than what was acknowledged before. It runs nothing of its own, so there is nothing to start. */
export function createQueryApi(dependencies: QueryApiDependencies): QueryApi {
  const { log, pool, files, uploadLimits = defaultUploadLimits, progress, wanted, metrics } = dependencies;
  const live = createLiveReader(pool);
  const checkpoints = async () =>
    (await live.read({ name: "checkpoints", text: () => "SELECT 1", values: [] }, "all")).positions;
  const observe = observeReads(metrics);
  const barrier = createReadBarrier({ log, positions: checkpoints, progress, wanted, waited: observe.waited });
  const answer = createAnswerRead({ log, live, barrier, stale: observe.stale });
  const users = createUsers(pool);
  return {
    routes: [
      ...chatRoutes(answer),
      ...memberRoutes(answer),
      ...messageRoutes(createMessagePages(answer, createChatVersions(live))),
      ...userRoutes(users),
      ...fileRoutes({ answer, files, users }),
      ...limitRoutes(uploadLimits),
      ...sessionRoutes(createOwnSessions(pool)),
      ...documentRoutes(),
    ],
    pages: [createStaticFiles([...webPage(), ...documentPages()])],
  };
}
