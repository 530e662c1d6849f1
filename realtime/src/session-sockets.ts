import type { Connection } from "./connection.ts";

/** The open sockets of each session, so that the end of one finds its sockets without a look at the others. */
export interface SessionSockets {
  add(connection: Connection): void;
  remove(connection: Connection): void;
  of(sessionId: string): readonly Connection[];
}

export function createSessionSockets(): SessionSockets {
  const bySession = new Map<string, Set<Connection>>();
  return {
    add(connection) {
      const { sessionId } = connection.caller;
      const sockets = bySession.get(sessionId);
      if (sockets === undefined) bySession.set(sessionId, new Set([connection]));
      else sockets.add(connection);
    },
    remove(connection) {
      const { sessionId } = connection.caller;
      const sockets = bySession.get(sessionId);
      if (sockets?.delete(connection) === true && sockets.size === 0) bySession.delete(sessionId);
    },
    of: (sessionId) => [...(bySession.get(sessionId) ?? [])],
  };
}
