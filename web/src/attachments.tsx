import { useContext, useEffect, useRef, useState } from "preact/hooks";
import type { FileObject } from "@chat/shared/api/file-object";
import { Downloads, saveFile, usePicture } from "./downloads.ts";
import { FileRow } from "./file-row.tsx";
import { useWords } from "./language.ts";
import { useReach } from "./roving.ts";

/** What browsers show without running anything of it. The server has found the type out from the bytes. */
const PICTURES: readonly string[] = ["image/png", "image/jpeg", "image/webp", "image/gif"];
/** A larger one is fetched only by who wants it. */
const MAX_PREVIEW_BYTES = 10_000_000;
/** A picture is fetched shortly before it comes into sight. */
const NEAR_SIGHT = "300px";

export function Attachments({ files }: { readonly files: readonly FileObject[] }) {
  const words = useWords();
  return (
    <ul class="files" aria-label={words.files}>
      {files.map((file) => (
        <li key={file.id}>
          {PICTURES.includes(file.type) && file.size <= MAX_PREVIEW_BYTES && <Preview file={file} />}
          <AttachedFile file={file} />
        </li>
      ))}
    </ul>
  );
}

function AttachedFile({ file: { name, size, url } }: { readonly file: FileObject }) {
  const words = useWords();
  const { download } = useContext(Downloads);
  const [status, setStatus] = useState<"" | "loading" | "failed">("");

  function save(): void {
    setStatus("loading");
    saveFile(download, url, name).then(
      () => setStatus(""),
      () => setStatus("failed"),
    );
  }

  return (
    <FileRow {...{ name, size }} action={words.download} sign="↓" isBusy={status === "loading"} onAction={save}>
      <span class="problem" role="alert">
        {status === "failed" && words.unreachable}
      </span>
    </FileRow>
  );
}

/** Of one size whatever the picture's is, so that nothing moves when it comes. */
function Preview({ file }: { readonly file: FileObject }) {
  const words = useWords();
  const reach = useReach();
  const place = useRef<HTMLButtonElement>(null);
  const dialog = useRef<HTMLDialogElement>(null);
  const [isNear, setIsNear] = useState(false);
  const [isOpen, setIsOpen] = useState(false);
  const [isBroken, setIsBroken] = useState(false);
  // What others write meanwhile may move it out of sight of who looks at it.
  const address = usePicture(isNear || isOpen ? file.url : null);

  useEffect(() => {
    if (place.current === null) return undefined;
    const watch = new IntersectionObserver((entries) => setIsNear(entries.at(-1)?.isIntersecting ?? false), {
      // The margin counts around what scrolls: around the window, what is scrolled out of the list is cut off before.
      root: place.current.closest(".messages"),
      rootMargin: NEAR_SIGHT,
    });
    watch.observe(place.current);
    return () => watch.disconnect();
  }, []);

  if (isBroken) return null;
  return (
    <>
      <button
        class="preview"
        type="button"
        tabIndex={reach}
        ref={place}
        aria-label={`${words.openPicture} ${file.name}`}
        onClick={() => {
          setIsOpen(true);
          dialog.current?.showModal();
        }}
      >
        {address !== null && <img src={address} alt="" onError={() => setIsBroken(true)} />}
      </button>
      <dialog ref={dialog} class="picture" aria-label={file.name} onClose={() => setIsOpen(false)}>
        {address !== null && <img src={address} alt={file.name} />}
        <button class="round" type="button" aria-label={words.close} onClick={() => dialog.current?.close()}>
          ×
        </button>
      </dialog>
    </>
  );
}
