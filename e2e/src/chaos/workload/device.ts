import { setTimeout as pause } from "node:timers/promises";
import { WebSocket } from "ws";
import type { Frame } from "../../harness/api.ts";
import { describedFrame } from "./described-frame.ts";
import { keyOf } from "./writer.ts";
import type { Person, World } from "./world.ts";

/** One who was refused or cut off comes back after up to so long. */
const BACK_WITHIN_MS = 300;
const OPEN_WITHIN_MS = 10_000;
/** A device is told `ready` at its first connection that lasts, unless something keeps everybody out. */
const READY_WITHIN_MS = 60_000;
/** Of those who go away by themselves, as many as say goodbye. */
const GOODBYE_ONE_IN = 2;

/** Something keeps a device out from the beginning. */
export class NeverReady extends Error {}

export interface Device {
  readonly name: string;
  readonly user: string;
  /** The highest seq that it heard of a chat. */
  heardUpTo(chat: string): number;
  /** Goes away no more by itself, so that it comes to rest. */
  settle(): void;
  stop(): Promise<void>;
}

interface Options {
  readonly name: string;
  readonly person: Person;
  readonly mode: "plain" | "resuming";
  readonly connectedMs: number;
  readonly world: World;
  readonly readyWithinMs?: number;
}

/**
 * A device that comes back whenever it is cut off, and notes all that it is told. Resolves when it is connected first;
 * rejects with a NeverReady, and comes back no more, when that takes longer than `readyWithinMs`.
 */
export async function startDevice(options: Options): Promise<Device> {
  const { name, person, mode, connectedMs, world, readyWithinMs = READY_WITHIN_MS } = options;
  const { chance, note, addresses } = world;
  const over = new AbortController();
  const seqs = new Map<string, number>();
  let cursor: string | null = null;
  let restless = true;
  const ready = Promise.withResolvers<true>();

  async function connect(): Promise<void> {
    const connection = world.nextNumber();
    const from = mode === "resuming" && cursor !== null ? `&cursor=${cursor}` : "";
    const ws = new WebSocket(`${addresses.sockets()}/ws?token=${person.token}&device=${name}${from}`, {
      handshakeTimeout: OPEN_WITHIN_MS,
    });
    const closed = new Promise<null>((resolve) => ws.once("close", () => resolve(null)));
    ws.on("error", () => undefined);
    // Noted before the first frame: what is told may come with the answer to the handshake.
    ws.once("upgrade", () => note({ type: "open", connection, device: name, user: person.id, mode }));
    ws.on("ping", () => note({ type: "proof", connection }));
    ws.on("message", (data: Buffer) => hear(connection, describedFrame(data, note)));
    const leave = (): void => ws.terminate();
    over.signal.addEventListener("abort", leave, { once: true });
    const stays = new AbortController();
    void pause(chance.below(connectedMs), undefined, { signal: stays.signal }).then(
      () => {
        if (!restless) return;
        if (chance.oneIn(GOODBYE_ONE_IN)) ws.close();
        else ws.terminate();
      },
      () => undefined,
    );
    await closed;
    stays.abort();
    over.signal.removeEventListener("abort", leave);
    note({ type: "close", connection });
  }

  function hear(connection: number, frame: Frame): void {
    if (frame.type === "ready") {
      cursor ??= String(frame["cursor"]);
      ready.resolve(true);
    }
    if (frame.type === "resync") note({ type: "resync", connection });
    if (frame.at !== undefined) cursor = frame.at;
    const { chat_id: chat, version, seq, type: kind } = frame;
    if (chat === undefined || version === undefined) return;
    note({ type: "frame", connection, kind, chat, version, ...contentOf(frame) });
    if (kind === "new_message" && seq !== undefined) seqs.set(chat, Math.max(seqs.get(chat) ?? 0, seq));
  }

  const living = (async () => {
    while (!over.signal.aborted) {
      await connect();
      await pause(chance.below(BACK_WITHIN_MS));
    }
  })();
  const stop = async (): Promise<void> => {
    over.abort();
    await living;
  };
  if (!(await Promise.race([ready.promise, pause(readyWithinMs, false, { ref: false })]))) {
    await stop();
    throw new NeverReady(`${name} was not told \`ready\` within ${readyWithinMs} ms`);
  }
  return {
    name,
    user: person.id,
    heardUpTo: (chat) => seqs.get(chat) ?? 0,
    settle: () => (restless = false),
    stop,
  };
}

interface Payload {
  readonly user_id?: string;
  readonly member_ids?: readonly string[];
  readonly client_message_id?: string | null;
  readonly text?: string;
}

/** What the checker asks of a frame; the rest would only make the file long. */
function contentOf({ type, seq, version, payload }: Frame) {
  const { user_id: user, member_ids: members, client_message_id: key = null, text = "" } = (payload ?? {}) as Payload;
  switch (type) {
    case "new_message":
      return { ...(seq === undefined ? {} : { seq }), key: keyOf({ client_message_id: key, text }) };
    case "message_updated":
    case "message_deleted":
      return seq === undefined ? {} : { seq };
    case "member_added":
    case "member_removed":
    case "read":
      return user === undefined ? {} : { user };
    case "create_chat":
      return version === 1 && members !== undefined ? { members } : {};
    default:
      return {};
  }
}
