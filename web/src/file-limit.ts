import { useEffect, useState } from "preact/hooks";
import type { Changes } from "./changes.ts";

/** How large a file may be that is sent. Any size until the server has said so: it is the one who refuses it. */
export function useMaxFileBytes(changes: Changes, isConnected: boolean): number {
  const [known, setKnown] = useState<number | null>(null);
  useEffect(() => {
    if (isConnected && known === null) changes.maxFileBytes().then(setKnown, () => undefined);
  }, [changes, isConnected, known]);
  return known ?? Number.POSITIVE_INFINITY;
}
