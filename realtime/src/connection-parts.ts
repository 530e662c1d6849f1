import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { SocketCaller } from "./handshake.ts";
import type { Protocol } from "./protocols/protocol.ts";
import type { Person } from "./rooms.ts";
import type { DeviceStream } from "./streams.ts";

/** What is a connection's own. */
export interface ConnectionParts {
  readonly ws: WebSocket;
  /** What `ws` speaks over. Frames that many devices get are made once, which `ws` cannot, so they are written here. */
  readonly socket: Duplex;
  readonly protocol: Protocol;
  readonly person: Person;
  readonly caller: SocketCaller;
  readonly deviceId: string;
  /** What it is told from the start; null where chats are joined. */
  readonly stream: DeviceStream | null;
}
