import type { Call, Line } from "../history.ts";
import type { Report } from "./violations.ts";

interface Attempted {
  readonly process: string;
  readonly call: Call;
}

interface Membership {
  /** By the last call that was acknowledged. */
  sure: "in" | "out" | null;
  /** By calls of which nobody knows what became. */
  readonly maybe: Set<"in" | "out">;
}

interface Row {
  readonly sender: string;
  readonly deleted: boolean;
  readonly readCount: number;
}

export interface PeopleRules {
  take(line: Line): void;
  finish(): void;
}

/** What is true of members at rest: who is in, how far each has read, and what is counted from that. */
export function createPeopleRules(report: Report): PeopleRules {
  const attempts = new Map<number, Attempted>();
  /** How far a read was acknowledged, by process and chat. */
  const readUpTo = new Map<string, number>();
  const memberships = new Map<string, Membership>();
  /** By seq, from 1. */
  const histories = new Map<string, Row[]>();
  const listed: (Line & { type: "listed" })[] = [];
  const members = new Map<string, Readonly<Record<string, number>>>();

  function settled(op: number, how: "ok" | "info", upTo = 0): void {
    const attempt = attempts.get(op);
    attempts.delete(op);
    if (attempt === undefined) return;
    const { process, call } = attempt;
    if (call.f === "read" && how === "ok") {
      const name = nameOf(process, call.chat);
      readUpTo.set(name, Math.max(readUpTo.get(name) ?? 0, upTo));
    }
    if (call.f !== "add" && call.f !== "remove") return;
    const name = nameOf(call.user, call.chat);
    const state = call.f === "add" ? "in" : "out";
    if (how === "ok") memberships.set(name, { sure: state, maybe: new Set() });
    else {
      const membership = memberships.get(name) ?? { sure: null, maybe: new Set() };
      memberships.set(name, membership);
      membership.maybe.add(state);
    }
  }

  function checkList({ user, chat, unread, readUpTo: pointer }: Line & { type: "listed" }): void {
    const rows = histories.get(chat) ?? [];
    const found = rows.filter(
      ({ sender, deleted }, index) => index + 1 > pointer && sender !== user && !deleted,
    ).length;
    if (found !== unread)
      report("unread equals recount", `${user} has ${unread} unread in ${chat}, behind ${pointer} there are ${found}`);
    const acknowledged = readUpTo.get(nameOf(user, chat)) ?? 0;
    if (pointer < acknowledged)
      report("a read that was acknowledged stands", `${user} had read ${chat} to ${acknowledged}, now to ${pointer}`);
  }

  function checkMembers(chat: string, pointers: Readonly<Record<string, number>>): void {
    for (const [index, { sender, deleted, readCount }] of (histories.get(chat) ?? []).entries()) {
      const readers = Object.entries(pointers).filter(([user, upTo]) => user !== sender && upTo > index).length;
      if (!deleted && readCount !== readers)
        report("read by equals recount", `${chat} ${index + 1} is read by ${readCount}, recounted by ${readers}`);
    }
    for (const [name, { sure, maybe }] of memberships) {
      const [user, of] = name.split(" ");
      if (of !== chat || user === undefined) continue;
      const is = user in pointers ? "in" : "out";
      if (is !== sure && !maybe.has(is) && sure !== null)
        report(
          "members are who was let in",
          `${user} is ${is} ${chat}, the last that was acknowledged made him ${sure}`,
        );
    }
  }

  return {
    take(line) {
      if (line.type === "invoke") attempts.set(line.op, line);
      else if (line.type === "ok") settled(line.op, "ok", line.upTo);
      else if (line.type === "info") settled(line.op, "info");
      else if (line.type === "fail") attempts.delete(line.op);
      else if (line.type === "listed") listed.push(line);
      else if (line.type === "members") members.set(line.chat, line.readUpTo);
      else if (line.type === "message") {
        const rows = histories.get(line.chat) ?? [];
        histories.set(line.chat, rows);
        rows.push(line);
      }
    },
    finish() {
      for (const line of listed) checkList(line);
      for (const [chat, pointers] of members) checkMembers(chat, pointers);
    },
  };
}

const nameOf = (user: string, chat: string): string => `${user} ${chat}`;
