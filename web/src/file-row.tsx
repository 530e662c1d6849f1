import type { ComponentChildren } from "preact";
import { whileBusy } from "./busy.ts";
import { useLanguage } from "./language.ts";
import { useReach } from "./roving.ts";
import { formatSize } from "./sizes.ts";

export interface FileRowProps {
  readonly name: string;
  readonly size: number;
  /** What becomes of it, for the style sheet. */
  readonly status?: string;
  /** What can be done with it, in a word and in a sign. */
  readonly action: string;
  readonly sign: string;
  readonly isBusy?: boolean;
  readonly onAction: () => void;
  /** Below: how far it is, or what is wrong. */
  readonly children: ComponentChildren;
}

/** A file by its name and size, and the one thing that can be done with it. */
export function FileRow({ name, size, status = "", action, sign, isBusy = false, onAction, children }: FileRowProps) {
  const { code } = useLanguage();
  const reach = useReach();
  return (
    <div class={`file ${status}`}>
      <FileKind name={name} />
      <span class="file-name" dir="auto">
        {name}
      </span>
      <span class="file-size">{formatSize(size, code)}</span>
      <button
        class="round"
        type="button"
        aria-label={`${action} ${name}`}
        title={action}
        tabIndex={reach}
        {...whileBusy(isBusy)}
        onClick={() => {
          if (!isBusy) onAction();
        }}
      >
        {sign}
      </button>
      {children}
    </div>
  );
}

/** What a file's name ends with, as a picture of it. */
function FileKind({ name }: { readonly name: string }) {
  const ending = /\.([\p{L}\p{N}]{1,4})$/u.exec(name)?.[1] ?? "";
  return (
    <span class="file-kind" aria-hidden="true">
      {ending.toUpperCase()}
    </span>
  );
}
