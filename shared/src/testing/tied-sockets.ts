import type { Socket } from "node:net";

/** What a wire between others holds open. That its sockets break is what such a wire is for: their errors are nobody's. */
export interface TiedSockets {
  /** Those that have not closed yet. */
  readonly open: ReadonlySet<Socket>;
  take(socket: Socket): void;
  /** Takes both, and when one closes, the other is destroyed. */
  tie(one: Socket, other: Socket): void;
  destroyAll(): void;
}

export function createTiedSockets(): TiedSockets {
  const open = new Set<Socket>();

  function take(socket: Socket): void {
    if (open.has(socket)) return;
    open.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => open.delete(socket));
  }

  return {
    open,
    take,
    tie(one, other) {
      take(one);
      take(other);
      one.on("close", () => other.destroy());
      other.on("close", () => one.destroy());
    },
    destroyAll() {
      for (const socket of open) socket.destroy();
    },
  };
}
