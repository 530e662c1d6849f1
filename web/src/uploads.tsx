import type { OutgoingFile } from "@chat/client/state";
import { FileKind } from "./attachments.tsx";
import { useLanguage } from "./language.ts";
import { formatSize } from "./sizes.ts";

export interface UploadsProps {
  readonly files: readonly OutgoingFile[];
  readonly onDiscard: (key: string) => void;
}

/** Files that are on their way, or did not get there. */
export function Uploads({ files, onDiscard }: UploadsProps) {
  const { words, code } = useLanguage();
  if (files.length === 0) return null;
  return (
    <ul class="files" aria-label={words.filesOnTheirWay}>
      {files.map((file) => (
        <li key={file.key}>
          <div class={`file ${file.status}`}>
            <FileKind name={file.name} />
            <span class="file-name">{file.name}</span>
            <span class="file-size">{formatSize(file.size, code)}</span>
            <button
              class="round"
              type="button"
              aria-label={`${words.discard} ${file.name}`}
              title={words.discard}
              onClick={() => onDiscard(file.key)}
            >
              ×
            </button>
            {file.status === "refused" ? (
              <span class="problem" role="alert">
                {words.refused}: {file.problem === "unreadable" ? words.unreadable : file.problem?.detail}
              </span>
            ) : (
              <progress aria-label={file.name} max={Math.max(1, file.size)} value={file.sentBytes} />
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}
