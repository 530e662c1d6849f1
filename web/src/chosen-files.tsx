import { useState } from "preact/hooks";
import { useLanguage } from "./language.ts";
import { formatSize } from "./sizes.ts";

/** As many as the server lets a message have. */
const MAX_FILES = 10;

export interface Chosen {
  readonly files: readonly File[];
  /** Some were left out: a message cannot have so many. */
  readonly hasTooMany: boolean;
  readonly add: (more: readonly File[]) => void;
  readonly remove: (file: File) => void;
  readonly clear: () => void;
}

/** The files that go with the next message, from those on that were chosen before. */
export function useChosenFiles(before: readonly File[]): Chosen {
  const [{ files, hasTooMany }, setChosen] = useState({ ...nothing, files: before });
  return {
    ...{ files, hasTooMany },
    // More may be added before anything was drawn anew: each goes on from the last.
    add: (more) =>
      setChosen((last) => {
        const all = [...last.files, ...more];
        return { files: all.slice(0, MAX_FILES), hasTooMany: all.length > MAX_FILES };
      }),
    remove: (file) => setChosen((last) => ({ files: last.files.filter((other) => other !== file), hasTooMany: false })),
    clear: () => setChosen(nothing),
  };
}

const nothing: Pick<Chosen, "files" | "hasTooMany"> = { files: [], hasTooMany: false };

export function ChosenFiles({ chosen }: { readonly chosen: Chosen }) {
  const { words, code } = useLanguage();
  return (
    <div class="chosen" role="group" aria-label={words.chosenFiles}>
      <ul>
        {chosen.files.map((file, index) => (
          <li class="chip" key={`${String(index)} ${file.name}`}>
            <span class="file-name">{file.name}</span>
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
        {chosen.hasTooMany && words.tooManyFiles(MAX_FILES)}
      </p>
    </div>
  );
}
