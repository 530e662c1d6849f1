import type { Duplex } from "node:stream";

/** Resolves when the socket takes more, or never will; never at once, so that others get their turn. */
export function drainedOrClosed(socket: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      socket.off("drain", settle).off("close", settle);
      resolve();
    };
    if (!socket.writableNeedDrain || socket.destroyed) setImmediate(settle);
    else socket.on("drain", settle).on("close", settle);
  });
}
