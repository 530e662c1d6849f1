import { createContext } from "preact";
import { useContext, useEffect, useState } from "preact/hooks";
import type { ChatClient } from "@chat/client/chat-client";

export interface Downloading {
  readonly download: ChatClient["download"];
  readonly isConnected: boolean;
}

/** How what is shown gets its pictures and files: nobody's address can say who asks, so they are fetched with a token. */
export const Downloads = createContext<Downloading>({
  download: () => Promise.reject(new Error("nobody is signed in")),
  isConnected: false,
});

/**
 * An address of this page for a picture, as long as it is shown; null until it is there, and when it is not to be had. What
 * failed is tried again with the next connection.
 */
export function usePicture(url: string | null): string | null {
  const { download, isConnected } = useContext(Downloads);
  const [address, setAddress] = useState<string | null>(null);
  const [hasFailed, setHasFailed] = useState(false);

  useEffect(() => {
    if (url === null) {
      setAddress(null);
      return undefined;
    }
    const ending = new AbortController();
    let made: string | null = null;
    download(url, ending.signal).then(
      (bytes) => {
        if (ending.signal.aborted) return;
        made = URL.createObjectURL(bytes);
        setAddress(made);
        setHasFailed(false);
      },
      () => {
        if (!ending.signal.aborted) setHasFailed(true);
      },
    );
    return () => {
      ending.abort();
      if (made !== null) URL.revokeObjectURL(made);
    };
  }, [download, url, hasFailed && isConnected]);

  return address;
}

/** Has the browser keep a file where it keeps what people download. */
export async function saveFile(download: ChatClient["download"], url: string, name: string): Promise<void> {
  const address = URL.createObjectURL(await download(url));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser reads it on its own time; it has begun by then.
  setTimeout(() => URL.revokeObjectURL(address), REVOKED_AFTER_MS);
}

const REVOKED_AFTER_MS = 60_000;
