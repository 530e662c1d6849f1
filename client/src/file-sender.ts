import type { FileObject } from "@chat/shared/api/file-object";
import type { ProblemObject } from "@chat/shared/api/problem-object";
import type { Backoff } from "./full-jitter.ts";
import type { HttpCalls } from "./http-calls.ts";
import { attemptOf, createSendQueues, type SendQueues } from "./send-queues.ts";

/** A file, and the message that has been sent and is to have it. */
export interface QueuedFile {
  readonly key: string;
  readonly chatId: string;
  readonly messageId: string;
  readonly file: File;
}

export interface FileSenderOptions {
  readonly calls: Pick<HttpCalls, "upload">;
  readonly backoff: Backoff;
  readonly random: () => number;
  readonly progress: (key: string, sentBytes: number) => void;
  readonly sent: (sent: QueuedFile, files: readonly FileObject[]) => void;
  /** `unreadable`: it is no file, or has changed or gone since it was chosen. */
  readonly refused: (key: string, problem: ProblemObject | "unreadable") => void;
  readonly signedOut: () => void;
}

/** Sends files, in order per chat, each until it is answered. Sent again with the same key it is the same file. */
export function createFileSender({
  calls,
  progress,
  sent,
  refused,
  ...options
}: FileSenderOptions): SendQueues<QueuedFile> {
  return createSendQueues({
    ...options,
    queueOf: ({ chatId }) => chatId,
    async attempt(queued, signal) {
      const { key, messageId, file } = queued;
      // To a browser a file that cannot be read looks like a server that does not answer, and would be tried for ever.
      if (!(await isReadable(file))) {
        refused(key, "unreadable");
        return "settled";
      }
      progress(key, 0);
      const upload = { key, file, signal, progress: (bytes: number) => progress(key, bytes) };
      const path = `/messages/${encodeURIComponent(messageId)}/files`;
      return attemptOf(() => calls.upload<{ readonly files: readonly FileObject[] }>("POST", path, upload), {
        sent: ({ files }) => sent(queued, files),
        refused: (problem) => refused(key, problem),
      });
    },
  });
}

const isReadable = (file: File): Promise<boolean> =>
  file
    .slice(0, 1)
    .arrayBuffer()
    .then(
      () => true,
      () => false,
    );
