import { partitionOf } from "@chat/shared/partitions/partition-of";
import type { EventLog } from "@chat/shared/log/event-log";
import { encodeCursor } from "@chat/shared/log/cursor";
import type { Beginning } from "./beginnings.ts";
import type { CatchUp } from "./catch-up.ts";
import type { DeviceCursors } from "./device-cursors.ts";
import type { DeviceKey } from "./device-cursors-rows.ts";
import type { SocketCursor } from "./device-sockets.ts";
import { onlyOf, type Offsets } from "./offsets.ts";
import type { Protocol } from "./protocols/protocol.ts";
import type { StreamPlace } from "./pushes.ts";
import type { Device, Person } from "./rooms.ts";

/** What a socket is told, of all chats or of one, how far it was told, and what of it has arrived. */
export interface DeviceStream {
  readonly chatId: string | null;
  /** Replaced when it has caught up. */
  place: StreamPlace;
  readonly cursor: SocketCursor;
  /** Nothing more of it is to be told. */
  over: boolean;
}

/** A socket as its streams need it. */
export interface StreamDevice extends Device {
  readonly protocol: Protocol;
  readonly person: Person;
  drained(): Promise<boolean>;
  close(reason: "overload"): void;
}

export interface Streams {
  /** Both to be called between two batches, without a pause in between. */
  begin(key: DeviceKey, beginning: Beginning): DeviceStream;
  /** Tells what was missed, then calls `live`, between two batches, from where on the device hears what all hear. */
  follow(device: StreamDevice, stream: DeviceStream, live: () => void): void;
}

export interface StreamsOptions {
  readonly log: Pick<EventLog, "id" | "partitions">;
  readonly cursors: Pick<DeviceCursors, "open">;
  readonly catchUp: CatchUp;
  /** What live devices hear. */
  readonly stream: StreamPlace;
}

export function createStreams({ log, cursors, catchUp, stream }: StreamsOptions): Streams {
  /** In other partitions a stream of one chat is where all are: there is nothing of it. */
  function startOf(chatId: string | null, offsets: Offsets): Offsets {
    if (chatId === null) return offsets;
    const partition = partitionOf(chatId, log.partitions);
    return stream.offsets().with(partition, offsets[partition] ?? 0);
  }

  function openCursor(key: DeviceKey, { offsets, exact }: Beginning): SocketCursor {
    if (key.chatId === null) return cursors.open(key, offsets, exact);
    const partition = partitionOf(key.chatId, log.partitions);
    const cursor = cursors.open(key, onlyOf(partition, offsets), exact);
    return { ...cursor, prove: (arrived) => cursor.prove(onlyOf(partition, arrived)) };
  }

  return {
    begin(key, beginning) {
      const from = startOf(key.chatId, beginning.offsets);
      const place = { offsets: () => from, cursor: () => encodeCursor(log.id, from) };
      return { chatId: key.chatId, place, cursor: openCursor(key, beginning), over: false };
    },

    follow(device, one, live) {
      const late = {
        protocol: device.protocol,
        person: device.person,
        chatId: one.chatId,
        set stream(place: StreamPlace) {
          one.place = place;
        },
        push(frames: Buffer) {
          if (!one.over) device.push(frames);
        },
        drained: async () => !one.over && device.drained(),
        close: device.close,
      };
      catchUp.begin(late, one.place.offsets(), () => {
        if (one.over) return;
        one.place = stream;
        live();
      });
    },
  };
}
