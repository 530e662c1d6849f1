import { createDiskFileStore, type DiskFileStoreOptions } from "./disk-file-store.ts";
import type { FileSettings } from "./file-settings.ts";
import type { FileStore } from "./file-store.ts";

/**
 * The store that the settings name. Who writes calls `prepare` before anything else, who reads calls `check`; nothing is asked of the
 * store here.
 */
export async function openFileStore(
  settings: FileSettings,
  { folder, readableBy }: Partial<DiskFileStoreOptions> = {},
): Promise<FileStore> {
  const { S3_BUCKET: bucket, FILES_DIR = folder } = settings;
  if (bucket === undefined) {
    if (FILES_DIR === undefined) throw new Error("files have no place");
    return createDiskFileStore({ folder: FILES_DIR, ...(readableBy === undefined ? {} : { readableBy }) });
  }
  const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = settings;
  // A third of a second and 30 MB, for those who need it.
  const { createS3FileStore } = await import("./s3-file-store.ts");
  return createS3FileStore({
    bucket,
    endpoint: settings.S3_ENDPOINT,
    region: settings.S3_REGION,
    forcePathStyle: settings.S3_FORCE_PATH_STYLE,
    credentials:
      accessKeyId === undefined || secretAccessKey === undefined ? undefined : { accessKeyId, secretAccessKey },
  });
}
