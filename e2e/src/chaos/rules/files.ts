import type { Final, Line } from "../history.ts";
import type { Report } from "./violations.ts";

interface File {
  /** Of the message that it was attached to. */
  readonly key: string;
  /** Attempts to attach it that did not fail. */
  possible: number;
  acknowledged: boolean;
}

export interface FileRules {
  take(line: Line): void;
  finish(): void;
}

/** What is true of every file: it is there when it was acknowledged, once, at its message, with its bytes. Who deletes the message deletes it. */
export function createFileRules(report: Report): FileRules {
  /** By operation the name of the file. */
  const attempts = new Map<number, string>();
  const files = new Map<string, File>();
  const messages = new Map<string, Final & { type: "message" }>();
  let looked = false;

  function attempted(op: number, key: string, name: string): void {
    attempts.set(op, name);
    const file = files.get(name);
    if (file === undefined) files.set(name, { key, possible: 1, acknowledged: false });
    else file.possible += 1;
  }

  function ended(op: number, outcome: "ok" | "fail" | "info"): void {
    const file = files.get(attempts.get(op) ?? "");
    attempts.delete(op);
    if (file === undefined) return;
    if (outcome === "ok") file.acknowledged = true;
    else if (outcome === "fail") file.possible -= 1;
  }

  function check(name: string, { key, possible, acknowledged }: File): void {
    const message = messages.get(key);
    // That its message is there is another's to say.
    if (message === undefined || message.deleted) return;
    const found = (message.files ?? []).filter(([file]) => file === name);
    const rule = "a file that was acknowledged is there, whole and once";
    if (found.length === 0 && acknowledged) report(rule, `${name} of ${key} is not there`);
    if (found.length > 1) report(rule, `${name} is ${found.length} times at ${key}`);
    if (found.some(([, download]) => download === "not whole"))
      report(rule, `${name} of ${key} cannot be got as it was`);
    if (found.length > 0 && possible === 0)
      report("what failed did not happen", `every attempt to attach ${name} failed, and ${key} has it`);
  }

  function checkUnknown({ key, files: held = [] }: Final & { type: "message" }): void {
    for (const [name] of held)
      if (files.get(name)?.key !== key) report("what failed did not happen", `nobody attached ${name} to ${key}`);
  }

  return {
    take(line) {
      if (line.type === "invoke" && line.call.f === "attach") attempted(line.op, line.call.key, line.call.file);
      else if (line.type === "ok" || line.type === "fail" || line.type === "info") ended(line.op, line.type);
      else if (line.type === "message") messages.set(line.key, line);
      else if (line.type === "looked") looked = true;
    },
    finish() {
      if (!looked) return;
      for (const [name, file] of files) check(name, file);
      for (const message of messages.values()) checkUnknown(message);
    },
  };
}
