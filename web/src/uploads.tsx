import type { OutgoingFile } from "@chat/client/state";
import type { ProblemObject } from "@chat/shared/api/problem-object";
import { FileRow } from "./file-row.tsx";
import { useWords } from "./language.ts";
import { wordsOfProblem } from "./problems.ts";

export interface UploadsProps {
  readonly files: readonly OutgoingFile[];
  readonly onDiscard: (key: string) => void;
}

/** Files that are on their way, or did not get there. */
export function Uploads({ files, onDiscard }: UploadsProps) {
  const words = useWords();
  const wordsOf = (problem: ProblemObject | null): string => (problem === null ? "" : wordsOfProblem(problem, words));
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
                {words.refused}: {file.problem === "unreadable" ? words.unreadable : wordsOf(file.problem)}
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
