import type { Line } from "../history.ts";
import type { Places } from "./places.ts";
import type { Report } from "./violations.ts";

type Frame = Line & { readonly type: "frame" };

/** What an event is to whoever hears it: it is told to all alike, but to whom it lets in as a new chat. */
interface Happening {
  readonly what: string;
  readonly kind: string;
  readonly joined: readonly string[];
  readonly left: string | undefined;
}

interface Heard {
  /** Everything but `fully_read`, which goes to authors only. */
  readonly versions: Set<number>;
  /** Of those, what a pong has proved, and when. */
  readonly proved: Map<number, number>;
  /** In this connection. */
  last: number;
  lastKind: string;
}

interface Device {
  readonly name: string;
  readonly user: string;
  readonly mode: "plain" | "resuming";
  connection: number;
  readonly chats: Map<string, Heard>;
  /** Heard in this connection since its last pong. */
  unproved: HeardVersion[];
  /** What pongs of this connection have proved too short a time ago. */
  settling: { readonly at: number; readonly proved: readonly HeardVersion[] }[];
}

interface HeardVersion {
  readonly heard: Heard;
  readonly version: number;
}

export interface StreamRules {
  take(line: Line): void;
  finish(): void;
}

export interface StreamOptions {
  /** After a pong the server needs so long until nothing can make it forget. */
  readonly proofSettlesMs: number;
}

/** What is true of every device: it is told all that happened while its user was in, in one order, and a resuming one once. */
export function createStreamRules(report: Report, places: Places, { proofSettlesMs }: StreamOptions): StreamRules {
  const devices = new Map<string, Device>();
  const byConnection = new Map<number, Device>();
  const chats = new Map<string, Map<number, Happening>>();
  const toldSeqs = new Map<string, Set<number>>();
  let lastFault = -Infinity;

  function open({ connection, device: name, user, mode }: Line & { type: "open" }): void {
    let device = devices.get(name);
    if (device === undefined)
      devices.set(name, (device = { name, user, mode, connection, chats: new Map(), unproved: [], settling: [] }));
    byConnection.delete(device.connection);
    byConnection.set(connection, device);
    device.connection = connection;
    for (const heard of device.chats.values()) {
      // A plain device may hear again what it has not proved; in a connection it begins where the server says.
      if (mode === "plain") heard.last = 0;
      heard.lastKind = "";
    }
  }

  function frame(line: Frame): void {
    const device = byConnection.get(line.connection);
    if (device === undefined) return;
    const { chat, version, kind } = line;
    happened(line, device);
    let heard = device.chats.get(chat);
    if (heard === undefined)
      device.chats.set(chat, (heard = { versions: new Set(), proved: new Map(), last: 0, lastKind: "" }));
    // One event makes several frames only of what became fully read.
    const repeated = version === heard.last && kind === heard.lastKind;
    const again = kind !== "fully_read" && (repeated || (device.mode === "resuming" && heard.versions.has(version)));
    if (version < heard.last || again) outOfOrder(device, line, heard);
    heard.last = Math.max(version, heard.last);
    heard.lastKind = kind;
    if (kind === "fully_read") return;
    const provedAt = heard.proved.get(version);
    if (provedAt !== undefined && lastFault < provedAt)
      report("what was proved is not told again", `${device.name} hears version ${version} of ${chat} again`);
    heard.versions.add(version);
    device.unproved.push({ heard, version });
  }

  function outOfOrder({ name, mode }: Device, { chat, version, kind }: Frame, heard: Heard): void {
    const detail = `${name} hears ${kind}, version ${version} of ${chat}, after ${heard.last}`;
    if (mode === "resuming" && heard.versions.has(version)) report("a resuming device is told once", detail);
    else report("a connection tells in order", detail);
  }

  /** A pong that was cut off with its connection may not have arrived. */
  function settle(device: Device, now: number): void {
    while (device.settling[0] !== undefined && device.settling[0].at + proofSettlesMs <= now) {
      for (const { heard, version } of device.settling[0].proved) heard.proved.set(version, device.settling[0].at);
      device.settling.shift();
    }
  }

  /** All who hear of an event hear the same. */
  function happened(line: Frame, { name }: Device): void {
    const { chat, version, kind, seq, key, user, members } = line;
    if (seq !== undefined && key !== undefined && kind === "new_message") {
      places.take(chat, seq, key, name);
      toldSeqs.set(chat, (toldSeqs.get(chat) ?? new Set()).add(seq));
    }
    let told = chats.get(chat);
    if (told === undefined) {
      told = new Map<number, Happening>();
      chats.set(chat, told);
    }
    const first = told.get(version);
    const joining = kind === "create_chat" || kind === "member_added";
    // To all but the authors of what was read, the event is a version and nothing more.
    const isFullRead = kind === "fully_read" || kind === "version";
    const what = joining ? "joining" : isFullRead ? "fully read" : [kind, seq, key, user].join(" ");
    const joined = kind === "member_added" && user !== undefined ? [user] : version === 1 ? (members ?? []) : [];
    const left = kind === "member_removed" ? user : undefined;
    if (first === undefined) told.set(version, { what, kind, joined, left });
    else if (first.what !== what)
      report("one order for all", `version ${version} of ${chat} is "${first.what}" and, to ${name}, "${what}"`);
    else if (first.joined.length === 0 && joined.length > 0) told.set(version, { what, kind, joined, left });
  }

  function proof(connection: number, now: number): void {
    const device = byConnection.get(connection);
    if (device?.mode !== "plain") return;
    device.settling.push({ at: now, proved: device.unproved });
    device.unproved = [];
    settle(device, now);
  }

  function close(connection: number, now: number): void {
    const device = byConnection.get(connection);
    if (device === undefined) return;
    settle(device, now);
    device.settling = [];
    device.unproved = [];
  }

  function finishChat(chat: string, told: ReadonlyMap<number, Happening>): void {
    const versions = [...told.keys()].sort((one, other) => one - other);
    for (const device of devices.values()) {
      const heard = device.chats.get(chat)?.versions ?? new Set<number>();
      const missing: number[] = [];
      const notHis: number[] = [];
      let present = false;
      for (const version of versions) {
        const happening = told.get(version);
        if (happening === undefined || ["fully_read", "version"].includes(happening.kind)) continue;
        if (happening.joined.includes(device.user)) present = true;
        if (present && !heard.has(version)) missing.push(version);
        if (!present && heard.has(version)) notHis.push(version);
        if (happening.left === device.user) present = false;
      }
      if (missing.length > 0)
        report("a device is told everything", `${device.name} was not told ${few(missing)} of ${chat}`);
      if (notHis.length > 0)
        report("nobody is told of what is not his", `${device.name} was told ${few(notHis)} of ${chat}`);
    }
  }

  return {
    take(line) {
      if (line.type === "open") open(line);
      else if (line.type === "frame") frame(line);
      else if (line.type === "proof") proof(line.connection, line.t);
      else if (line.type === "close") close(line.connection, line.t);
      else if (line.type === "fault") lastFault = line.t;
      else if (line.type === "resync") {
        const name = byConnection.get(line.connection)?.name ?? "a device";
        report("a cursor means the same for ever", `${name} was told to begin anew`);
      } else if (line.type === "message" && toldSeqs.get(line.chat)?.has(line.seq) !== true) {
        report("a device is told everything", `nobody was told ${line.key}, ${line.chat} ${line.seq}`);
      }
    },
    finish() {
      for (const [chat, told] of chats) finishChat(chat, told);
    },
  };
}

const MAX_NAMED = 5;

function few(versions: readonly number[]): string {
  const named = versions.slice(0, MAX_NAMED).join(", ");
  return versions.length > MAX_NAMED ? `versions ${named} and ${versions.length - MAX_NAMED} more` : `version ${named}`;
}
