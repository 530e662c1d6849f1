import { useState } from "preact/hooks";
import { useLanguage } from "./language.ts";
import { formatSize } from "./sizes.ts";

/** As many as the server lets a message have. */
const MAX_FILES = 10;

export interface Chosen {
  readonly files: readonly File[];
  /** Some were left out: a message cannot have so many. */
  readonly hasTooMany: boolean;
  /** Some were left out: there is nothing in them. */
  readonly hasEmpty: boolean;
  readonly add: (more: readonly File[]) => void;
  readonly remove: (file: File) => void;
  readonly clear: () => void;
}

/** The files that go with the next message, from those on that were chosen before. */
export function useChosenFiles(before: readonly File[]): Chosen {
  const [{ files, hasTooMany, hasEmpty }, setChosen] = useState({ ...nothing, files: before });
  return {
    ...{ files, hasTooMany, hasEmpty },
    // More may be added before anything was drawn anew: each goes on from the last.
    add: (more) =>
      setChosen((last) => {
        const all = [...last.files, ...more.filter(({ size }) => size > 0)];
        const hasEmptyNow = more.some(({ size }) => size === 0);
        return { files: all.slice(0, MAX_FILES), hasTooMany: all.length > MAX_FILES, hasEmpty: hasEmptyNow };
      }),
    remove: (file) => setChosen((last) => ({ ...nothing, files: last.files.filter((other) => other !== file) })),
    clear: () => setChosen(nothing),
  };
}

const nothing: Pick<Chosen, "files" | "hasTooMany" | "hasEmpty"> = { files: [], hasTooMany: false, hasEmpty: false };

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
        {chosen.hasTooMany ? words.tooManyFiles(MAX_FILES) : chosen.hasEmpty ? words.emptyFile : null}
      </p>
    </div>
  );
}
