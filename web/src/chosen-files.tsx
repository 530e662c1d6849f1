import { useState } from "preact/hooks";
import { useLanguage } from "./language.ts";
import { formatSize } from "./sizes.ts";

/** As many as the server lets a message have. */
const MAX_FILES = 10;

/** Why something of what was chosen last was left out. */
type LeftOut = "too many" | "empty" | "too large";

export interface Chosen {
  readonly files: readonly File[];
  readonly leftOut: LeftOut | null;
  /** How large each may be. */
  readonly maxFileBytes: number;
  readonly add: (more: readonly File[]) => void;
  readonly remove: (file: File) => void;
  readonly clear: () => void;
}

/** The files that go with the next message, from those on that were chosen before. */
export function useChosenFiles(before: readonly File[], maxFileBytes: number): Chosen {
  const [{ files, leftOut }, setChosen] = useState<Pick<Chosen, "files" | "leftOut">>({ ...nothing, files: before });
  return {
    ...{ files, leftOut, maxFileBytes },
    // More may be added before anything was drawn anew: each goes on from the last.
    add: (more) =>
      setChosen((last) => {
        const all = [...last.files, ...more.filter(({ size }) => size > 0 && size <= maxFileBytes)];
        return { files: all.slice(0, MAX_FILES), leftOut: whyLeftOut(all.length, more, maxFileBytes) };
      }),
    remove: (file) => setChosen((last) => ({ ...nothing, files: last.files.filter((other) => other !== file) })),
    clear: () => setChosen(nothing),
  };
}

const nothing: Pick<Chosen, "files" | "leftOut"> = { files: [], leftOut: null };

function whyLeftOut(count: number, more: readonly File[], maxFileBytes: number): LeftOut | null {
  if (count > MAX_FILES) return "too many";
  if (more.some(({ size }) => size > maxFileBytes)) return "too large";
  return more.some(({ size }) => size === 0) ? "empty" : null;
}

export function ChosenFiles({ chosen }: { readonly chosen: Chosen }) {
  const { words, code } = useLanguage();
  return (
    <div class="chosen" role="group" aria-label={words.chosenFiles}>
      <ul>
        {chosen.files.map((file, index) => (
          <li class="chip" key={`${String(index)} ${file.name}`}>
            <span class="file-name" dir="auto">
              {file.name}
            </span>
            <span class="file-size">{formatSize(file.size, code)}</span>
            <button
              type="button"
              aria-label={`${words.discard} ${file.name}`}
              title={words.discard}
              onClick={() => chosen.remove(file)}
            >
              ×
            </button>
          </li>
        ))}
      </ul>
      <p class="problem" role="alert">
        {chosen.leftOut === "too many" && words.tooManyFiles(MAX_FILES)}
        {chosen.leftOut === "too large" && words.tooLargeFile(formatSize(chosen.maxFileBytes, code))}
        {chosen.leftOut === "empty" && words.emptyFile}
      </p>
    </div>
  );
}
