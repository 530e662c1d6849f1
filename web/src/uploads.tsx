import type { OutgoingFile } from "@chat/client/state";
import { FileRow } from "./file-row.tsx";
import { useWords } from "./language.ts";

export interface UploadsProps {
  readonly files: readonly OutgoingFile[];
  readonly onDiscard: (key: string) => void;
}

/** Files that are on their way, or did not get there. */
export function Uploads({ files, onDiscard }: UploadsProps) {
  const words = useWords();
  if (files.length === 0) return null;
  return (
    <ul class="files" aria-label={words.filesOnTheirWay}>
      {files.map((file) => (
        <li key={file.key}>
          <FileRow
            {...{ name: file.name, size: file.size, status: file.status }}
            action={words.discard}
            sign="×"
            onAction={() => onDiscard(file.key)}
          >
            {file.status === "refused" ? (
              <span class="problem" role="alert">
                {words.refused}: {file.problem === "unreadable" ? words.unreadable : file.problem?.detail}
              </span>
            ) : (
              <progress aria-label={file.name} max={Math.max(1, file.size)} value={file.sentBytes} />
            )}
          </FileRow>
        </li>
      ))}
    </ul>
  );
}
