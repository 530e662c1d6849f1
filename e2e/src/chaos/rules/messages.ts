import type { Call, Final, Line } from "../history.ts";
import type { Places } from "./places.ts";
import type { Report } from "./violations.ts";

interface Message {
  readonly chat: string;
  readonly process: string;
  /** The highest seq of the chat that had been acknowledged when this one was sent first. */
  readonly after: number;
  /** Attempts to send it that did not fail. */
  possible: number;
  acknowledged: number | null;
  /** Attempts to edit it that did not fail, and whether one was acknowledged, by text. */
  readonly edits: Map<string, { possible: number; acknowledged: boolean }>;
  lastEdit: string | null;
  deletions: number;
  deletionAcknowledged: boolean;
  found: (Final & { type: "message" }) | null;
}

interface Attempted {
  readonly process: string;
  readonly call: Call;
  /** What a page that is asked for now must reach. */
  readonly mustSee: number;
}

interface Chat {
  acknowledgedUpTo: number;
  /** At rest. */
  end: number;
}

export interface MessageRules {
  take(line: Line): void;
  finish(): void;
}

/** What is true of every message, whoever was told of it: it is there when it was acknowledged, once, in its place, as it was left. */
export function createMessageRules(report: Report, places: Places): MessageRules {
  const attempts = new Map<number, Attempted>();
  const messages = new Map<string, Message>();
  const chats = new Map<string, Chat>();
  /** The last seq that was acknowledged, by process and chat. */
  const senders = new Map<string, number>();
  let looked = false;

  function chatOf(id: string): Chat {
    let chat = chats.get(id);
    if (chat === undefined) chats.set(id, (chat = { acknowledgedUpTo: 0, end: 0 }));
    return chat;
  }

  function invoke(op: number, process: string, call: Call): void {
    const mustSee = chatOf(call.chat).acknowledgedUpTo;
    attempts.set(op, { process, call, mustSee });
    if (call.f === "send") {
      const message = messages.get(call.key);
      if (message === undefined) messages.set(call.key, newMessage(call.chat, process, mustSee));
      else message.possible += 1;
      return;
    }
    if (call.f !== "edit" && call.f !== "delete") return;
    const message = messages.get(call.key);
    if (message === undefined) return;
    if (call.f === "delete") message.deletions += 1;
    else {
      const edit = message.edits.get(call.text);
      if (edit === undefined) message.edits.set(call.text, { possible: 1, acknowledged: false });
      else edit.possible += 1;
    }
  }

  function ok(line: Line & { type: "ok" }): void {
    const attempt = attempts.get(line.op);
    attempts.delete(line.op);
    if (attempt === undefined) return;
    const { call, process, mustSee } = attempt;
    switch (call.f) {
      case "send":
        if (line.seq !== undefined) acknowledge(call.key, line.seq, process);
        break;
      case "edit":
        edited(call.key, call.text);
        break;
      case "delete": {
        const message = messages.get(call.key);
        if (message !== undefined) message.deletionAcknowledged = true;
        break;
      }
      case "get":
        page(call.chat, line, mustSee, process);
        break;
      case "attach":
      case "read":
      case "add":
      case "remove":
        break;
      default:
        call satisfies never;
    }
  }

  function acknowledge(key: string, seq: number, process: string): void {
    const message = messages.get(key);
    if (message === undefined) return;
    places.take(message.chat, seq, key, `the sender ${process}`);
    if (message.acknowledged !== null) {
      if (message.acknowledged !== seq)
        report("no message is there twice", `${key} was acknowledged as ${message.acknowledged} and as ${seq}`);
      return;
    }
    message.acknowledged = seq;
    const name = `${process} ${message.chat}`;
    const before = senders.get(name) ?? 0;
    if (seq <= before) report("sender order", `${key} became ${seq} although ${process} had sent ${before} before`);
    senders.set(name, Math.max(before, seq));
    const chat = chatOf(message.chat);
    chat.acknowledgedUpTo = Math.max(chat.acknowledgedUpTo, seq);
  }

  function edited(key: string, text: string): void {
    const message = messages.get(key);
    const edit = message?.edits.get(text);
    if (message === undefined || edit === undefined) return;
    edit.acknowledged = true;
    message.lastEdit = text;
  }

  function page(
    chat: string,
    { page: found = [], stale = false }: Line & { type: "ok" },
    mustSee: number,
    who: string,
  ) {
    let before: number | null = null;
    for (const [seq, key] of found) {
      places.take(chat, seq, key, `a page of ${who}`);
      if (before !== null && seq !== before + 1) report("dense seq", `a page of ${chat} goes from ${before} to ${seq}`);
      before = seq;
    }
    if (!stale && (before ?? 0) < mustSee)
      report(
        "a read sees what was acknowledged before it",
        `${who} asked for ${chat} when ${mustSee} was acknowledged and got up to ${before ?? 0}`,
      );
  }

  function failed(op: number): void {
    const call = attempts.get(op)?.call;
    attempts.delete(op);
    if (call === undefined || !("key" in call)) return;
    const message = messages.get(call.key);
    if (message === undefined || call.f === "attach") return;
    if (call.f === "send") message.possible -= 1;
    else if (call.f === "delete") message.deletions -= 1;
    else {
      const edit = message.edits.get(call.text);
      if (edit !== undefined) edit.possible -= 1;
    }
  }

  function found(line: Line & { type: "message" }): void {
    const chat = chatOf(line.chat);
    if (line.seq !== chat.end + 1) report("dense seq", `in ${line.chat} after ${chat.end} comes ${line.seq}`);
    chat.end = line.seq;
    places.take(line.chat, line.seq, line.key, "the history");
    const message = messages.get(line.key);
    if (message === undefined)
      report("what failed did not happen", `nobody sent ${line.key}, ${line.chat} ${line.seq}`);
    else if (message.found !== null)
      report("no message is there twice", `${line.key} is ${line.chat} ${message.found.seq} and ${line.seq}`);
    else message.found = line;
  }

  function check(key: string, message: Message): void {
    const { found: at, acknowledged, possible, chat, after } = message;
    if (at === null) {
      if (acknowledged !== null)
        report("no acknowledged message is lost", `${key} was acknowledged as ${chat} ${acknowledged}`);
      return;
    }
    if (acknowledged !== null && acknowledged !== at.seq)
      report("no acknowledged message is lost", `${key}, acknowledged as ${acknowledged}, is ${chat} ${at.seq}`);
    if (possible === 0)
      report("what failed did not happen", `every attempt to send ${key} failed, it is ${chat} ${at.seq}`);
    if (at.seq <= after)
      report("real-time order", `${key} is ${chat} ${at.seq}, and ${after} was acknowledged before it was sent`);
    checkText(key, message, at);
  }

  function checkText(key: string, message: Message, at: Final & { type: "message" }): void {
    const { deletionAcknowledged, deletions, edits, lastEdit } = message;
    if (deletionAcknowledged && !(at.deleted && at.text === ""))
      report("a deletion that was acknowledged stands", `${key} is there`);
    if (at.deleted && deletions === 0) report("what failed did not happen", `nobody deleted ${key}, and it is deleted`);
    if (at.deleted) return;
    const edit = edits.get(at.text);
    const original = edit === undefined && at.text.startsWith(`${key} `) && !at.text.includes("edited");
    if (edit?.possible === 0) report("what failed did not happen", `every attempt to make ${key} "${at.text}" failed`);
    const isLast = lastEdit === null ? original || edit !== undefined : at.text === lastEdit;
    // An edit of which nobody knows what became may come late.
    const mayBe = edit !== undefined && !edit.acknowledged;
    if (!isLast && !mayBe)
      report("an edit that was acknowledged stands", `${key} is "${at.text}", its last edit "${String(lastEdit)}"`);
  }

  return {
    take(line) {
      if (line.type === "invoke") invoke(line.op, line.process, line.call);
      else if (line.type === "ok") ok(line);
      else if (line.type === "fail") failed(line.op);
      else if (line.type === "info") attempts.delete(line.op);
      else if (line.type === "message") found(line);
      else if (line.type === "looked") looked = true;
    },
    finish() {
      if (!looked) return;
      for (const [key, message] of messages) check(key, message);
      places.finish(new Map([...chats].map(([id, { end }]) => [id, end])));
    },
  };
}

function newMessage(chat: string, process: string, after: number): Message {
  return {
    chat,
    process,
    after,
    possible: 1,
    acknowledged: null,
    edits: new Map(),
    lastEdit: null,
    deletions: 0,
    deletionAcknowledged: false,
    found: null,
  };
}
