import type { FileStore } from "@chat/shared/files/file-store";
import type { Service } from "@chat/shared/lifecycle";
import type { EventLog } from "@chat/shared/log/event-log";
import { defaultUploadLimits } from "@chat/shared/settings";
import type { LiveReader } from "@chat/shared/read-model/read-live";
import type { Logger } from "@chat/shared/telemetry/logger";
import type { Metrics } from "@chat/shared/telemetry/metrics";
import type { Pool } from "pg";
import { createAvatarPictures } from "./avatar-pictures.ts";
import { createTakeAvatar, type TakeAvatar } from "./avatars.ts";
import { createFileCollector } from "./file-collector.ts";
import { createFileRows } from "./file-rows.ts";
import { createFilesInUse, createFilesOfDeleted } from "./files-in-use.ts";
import { createFreeDeleted } from "./free-deleted.ts";
import { createUploads, type UploadLimits, type Uploads } from "./uploads.ts";

interface Dependencies {
  readonly files: FileStore;
  readonly uploadLimits?: UploadLimits;
  readonly collectFilesEveryMs?: number;
  readonly log: Pick<EventLog, "ends">;
  readonly live: LiveReader;
  readonly pool: Pool;
  readonly isItsTurn: () => boolean;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** What of uploads the routes need, and who cleans up behind them. */
export interface Files {
  readonly uploads: Uploads;
  readonly takeAvatar: TakeAvatar;
  readonly collector: Service;
}

export function connectFiles(dependencies: Dependencies): Files {
  const { files: store, uploadLimits: limits = defaultUploadLimits, pool, logger } = dependencies;
  const rows = createFileRows(pool);
  const freeDeleted = createFreeDeleted({ store, rows, ofDeleted: createFilesOfDeleted(dependencies.live) });
  const uploads = createUploads({ store, rows, freeDeleted, limits, logger });
  const inUse = createFilesInUse(dependencies);
  const { collectFilesEveryMs: everyMs } = dependencies;
  const every = everyMs === undefined ? {} : { everyMs };
  return {
    uploads,
    takeAvatar: createTakeAvatar(uploads, createAvatarPictures()),
    collector: createFileCollector({ ...dependencies, ...every, store, rows, inUse }),
  };
}
