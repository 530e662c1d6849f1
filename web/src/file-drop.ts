import { useEffect, useState } from "preact/hooks";

/** Whether files are being dragged over something, and what it listens to for that. */
export function useFileDrop(onDrop: (files: readonly File[]) => void) {
  const [isOver, setIsOver] = useState(false);
  return {
    isOver,
    listeners: {
      onDragOver(event: DragEvent): void {
        if (!holdsFiles(event)) return;
        event.preventDefault();
        setIsOver(true);
      },
      onDragLeave({ currentTarget, relatedTarget }: DragEvent): void {
        // From one element inside to another it has not left.
        const isInside =
          currentTarget instanceof Node && relatedTarget instanceof Node && currentTarget.contains(relatedTarget);
        if (!isInside) setIsOver(false);
      },
      onDrop(event: DragEvent): void {
        if (!holdsFiles(event)) return;
        event.preventDefault();
        setIsOver(false);
        onDrop(Array.from(event.dataTransfer?.files ?? []));
      },
    },
  };
}

/** A browser that is left to itself leaves the page for a file that is dropped beside its place. */
export function useNoStrayDrops(): void {
  useEffect(() => {
    function refuse(event: DragEvent): void {
      if (!holdsFiles(event) || event.defaultPrevented) return;
      event.preventDefault();
      if (event.dataTransfer !== null) event.dataTransfer.dropEffect = "none";
    }
    window.addEventListener("dragover", refuse);
    window.addEventListener("drop", refuse);
    return () => {
      window.removeEventListener("dragover", refuse);
      window.removeEventListener("drop", refuse);
    };
  }, []);
}

const holdsFiles = ({ dataTransfer }: DragEvent): boolean => dataTransfer?.types.includes("Files") === true;

/** Files that were copied. What was copied as text, and as a picture of it as well, is meant as text. */
export function pastedFiles({ clipboardData }: ClipboardEvent): readonly File[] {
  if (clipboardData === null || clipboardData.types.includes("text/plain")) return [];
  return Array.from(clipboardData.files);
}
