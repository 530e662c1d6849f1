import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { Rule } from "@chat/e2e/chaos/rules/violations";
import { decodeCursor, encodeCursor } from "@chat/shared/log/cursor";
import type { EventLog, EventRecord } from "@chat/shared/log/event-log";
import { setTimeout as pause } from "node:timers/promises";
import type { PassedAnswer, PassedRequest } from "./tampering-proxy.ts";
import { madeVoid, readingOtherwise, sometimesAppending, withoutFence } from "./troubled-log.ts";
import type { PlantedBug } from "./with-planted-bug.ts";

export interface Planted {
  /** By one of these it must be found. What else it breaks is told as well. */
  readonly breaks: readonly Rule[];
  /** Made anew for each run. */
  readonly bug: () => PlantedBug;
  /** Devices stay connected for long. */
  readonly calm?: true;
}

/** Mistakes that one could make, each as the smallest change from outside that makes it. The checker finds them all. */
export const plantedBugs: Readonly<Record<string, Planted>> = {
  "an acknowledgement before the log has the message": {
    breaks: ["no acknowledged message is lost"],
    bug: acknowledgingFirst,
  },
  "a checkpoint before its rows": {
    breaks: ["no acknowledged message is lost"],
    bug: () => ({ sql: onWrite("messages", "INSERT", "IF random() < 0.1 THEN RETURN NULL; END IF;") }),
  },
  "an acknowledgement told as a refusal": {
    breaks: ["what failed did not happen"],
    bug: () => ({ answer: refusingSometimes }),
  },
  "keys that nobody looks at": {
    breaks: ["no message is there twice"],
    bug: () => ({ request: withoutKey }),
  },
  "a read that does not wait for the read models": {
    breaks: ["a read sees what was acknowledged before it"],
    bug: () => ({
      projectorLog: slow,
      queryLog: (log) => ({ ...log, ends: () => Promise.resolve(Array.from({ length: log.partitions }, () => 0)) }),
    }),
  },
  "an edit that does not reach its row": {
    breaks: ["an edit that was acknowledged stands"],
    bug: () => ({
      sql: onWrite("messages", "UPDATE", "IF NOT NEW.deleted THEN NEW.text := OLD.text; END IF;"),
    }),
  },
  "a deletion that does not reach its row": {
    breaks: ["a deletion that was acknowledged stands"],
    bug: () => ({
      sql: onWrite(
        "messages",
        "UPDATE",
        "NEW.deleted := OLD.deleted; NEW.text := coalesce(nullif(NEW.text, ''), OLD.text);",
      ),
    }),
  },
  "unread that is clamped": {
    breaks: ["unread equals recount"],
    bug: () => ({ sql: onWrite("members", "UPDATE", "NEW.own_since := least(NEW.own_since, 1);") }),
  },
  "a read pointer that stays behind": {
    breaks: ["a read that was acknowledged stands"],
    bug: () => ({
      sql: onWrite("members", "UPDATE", "NEW.read_up_to := greatest(OLD.read_up_to, NEW.read_up_to - 1);"),
    }),
  },
  "a push of what a writer that had lost has written": {
    breaks: ["one order for all", "a connection tells in order", "a resuming device is told once"],
    bug: () => ({ realtimeLog: withoutFence }),
  },
  "a push before the append is settled": {
    breaks: ["one order for all", "a connection tells in order", "a resuming device is told once"],
    bug: tellingWhatWasRefused,
  },
  "a cursor taken for one further": {
    breaks: ["a device is told everything"],
    bug: () => ({ upgrade: (request) => moveCursor(request, 1) }),
  },
  "a cursor taken for one less": {
    breaks: ["a resuming device is told once"],
    bug: () => ({ upgrade: (request) => moveCursor(request, -1) }),
  },
  "a place kept that was not proved": {
    breaks: ["a device is told everything"],
    bug: () => ({
      sql: onDevice("NEW.offsets := ARRAY(SELECT o + 2 FROM unnest(NEW.offsets) AS o);"),
    }),
  },
  "a proof that is not kept": {
    breaks: ["what was proved is not told again"],
    bug: () => ({
      sql: onDevice("IF TG_OP = 'UPDATE' AND NEW.state = OLD.state THEN RETURN NULL; END IF;"),
    }),
    calm: true,
  },
  "frames written twice": {
    breaks: ["a connection tells in order", "a resuming device is told once"],
    bug: () => ({
      upgrade: (_request, socket) => doubleFrames(socket),
    }),
  },
  "frames in another order": {
    breaks: ["a connection tells in order", "a resuming device is told once"],
    bug: () => ({ upgrade: (_request, socket) => swapFrames(socket) }),
  },
  "a frame dropped for a device that is slow": {
    breaks: ["a device is told everything"],
    bug: () => ({ upgrade: (_request, socket) => onFrames(socket, () => undefined) }),
  },
  "somebody removed whom one instance does not hear of": {
    breaks: ["nobody is told of what is not his"],
    bug: () => ({ realtimeLog: (log, instance) => (instance === 0 ? log : withoutRemovals(log)) }),
  },
};

/** It answers with the place that the message is to have, and ends before the log has heard of it. */
function acknowledgingFirst(): PlantedBug {
  const ends = new Map<string, number>();
  return {
    answer(answer, { method, url }) {
      const chat = /^\/api\/chats\/([^/]+)\/messages$/.exec(url)?.[1];
      if (method !== "POST" || chat === undefined || answer.status >= 300) return answer;
      const { seq } = JSON.parse(answer.body) as { seq: number };
      ends.set(chat, Math.max(ends.get(chat) ?? 0, seq));
      return answer;
    },
    instead({ method, url }) {
      const chat = /^\/api\/chats\/([^/]+)\/messages$/.exec(url)?.[1];
      if (method !== "POST" || chat === undefined || Math.random() > 0.1) return null;
      const seq = (ends.get(chat) ?? 0) + 1;
      return { status: 201, headers: jsonType, body: JSON.stringify({ id: `${chat}.${seq}`, seq }) };
    },
  };
}

const jsonType = { "content-type": "application/json" };

function refusingSometimes(answer: PassedAnswer, { method, url }: PassedRequest): PassedAnswer {
  if (method !== "POST" || !url.endsWith("/messages") || answer.status !== 201 || Math.random() > 0.1) return answer;
  return { ...answer, status: 503, body: JSON.stringify({ code: "unavailable" }) };
}

function withoutKey(request: PassedRequest): PassedRequest {
  if (!request.url.endsWith("/messages") || request.method !== "POST") return request;
  const { client_message_id: _key, ...rest } = JSON.parse(request.body) as Record<string, unknown>;
  return { ...request, body: JSON.stringify(rest) };
}

const BEHIND_MS = 60;

function slow(log: EventLog): EventLog {
  return {
    ...log,
    async *read(from, signal) {
      for await (const batch of log.read(from, signal)) {
        await pause(BEHIND_MS);
        yield batch;
      }
    },
  };
}

/** Realtime hears of a batch when it is sent; the log refuses it, and nobody else ever hears of it. */
function tellingWhatWasRefused(): PlantedBug {
  const refused = new Map<string, EventRecord>();
  return {
    commandLog: (log) =>
      sometimesAppending(log, 12, async (partition, records) => {
        const base = (await log.ends())[partition] ?? 0;
        for (const [index, record] of records.entries())
          if (record.kind === "event") refused.set(`${partition}@${base + index}`, record);
        await log.append(partition, madeVoid(records));
        throw new Error("no answer came");
      }),
    realtimeLog: (log) =>
      readingOtherwise(log, (record, partition) => {
        const told = refused.get(`${partition}@${record.offset}`);
        return told === undefined ? record : { ...told, offset: record.offset };
      }),
  };
}

function withoutRemovals(log: EventLog): EventLog {
  return readingOtherwise(log, (record) =>
    record.kind === "event" && record.value.includes('"type":"MemberRemoved"')
      ? { ...record, epoch: { offset: 0, id: "none" } }
      : record,
  );
}

function moveCursor(request: IncomingMessage, by: number): void {
  const url = new URL(request.url ?? "/", "http://localhost");
  const offsets = decodeCursor(url.searchParams.get("cursor") ?? "")?.offsets;
  if (offsets === undefined) return;
  url.searchParams.set(
    "cursor",
    encodeCursor(
      "a-log",
      offsets.map((offset) => Math.max(1, offset + by)),
    ),
  );
  request.url = `${url.pathname}${url.search}`;
}

const FINAL_TEXT = 0x81;
/** The first frames greet. */
const GREETING = 3;
const TAMPERED_ONE_IN = 30;

/** Hands one write of frames in so many to `tamper` instead of the socket. */
function onFrames(socket: Duplex, tamper: (frames: Buffer, write: (frames: Buffer) => void) => void): void {
  const write = socket.write.bind(socket);
  let written = 0;
  socket.write = ((chunk: Buffer, ...rest: never[]) => {
    written += 1;
    if (chunk[0] !== FINAL_TEXT || written <= GREETING || Math.random() * TAMPERED_ONE_IN > 1)
      return write(chunk, ...rest);
    tamper(chunk, (frames) => void write(frames));
    return true;
  }) as typeof socket.write;
}

function doubleFrames(socket: Duplex): void {
  onFrames(socket, (frames, write) => {
    write(frames);
    write(frames);
  });
}

const LATER_MS = 20;

function swapFrames(socket: Duplex): void {
  onFrames(socket, (frames, write) => void pause(LATER_MS).then(() => write(frames)));
}

/** A rule of the database that changes what the projector writes. */
function onWrite(table: string, operation: "INSERT" | "UPDATE", statement: string): string {
  return trigger(`read_1.${table}`, operation, statement);
}

function onDevice(statement: string): string {
  return trigger("devices.sockets", "INSERT OR UPDATE", statement);
}

function trigger(table: string, operation: string, statement: string): string {
  return `
    CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${statement} RETURN NEW; END $$;
    CREATE TRIGGER planted BEFORE ${operation} ON ${table} FOR EACH ROW EXECUTE FUNCTION planted();`;
}
