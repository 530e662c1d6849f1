import { CannotStart } from "@chat/shared/cannot-start";
import { readOptions } from "@chat/shared/command-line";
import type { SkipRequest } from "./skip.ts";

/** Reads what is to be skipped from the command line. Throws `CannotStart` with a line for each option that is missing or wrong. */
export function readSkipRequest(words: readonly string[]): Omit<SkipRequest, "operator"> {
  const { partition, offset, reason = "" } = readOptions({ partition: "text", offset: "text", reason: "text" }, words);
  const faults: string[] = [];
  const number = (name: string, text: string | undefined): number => {
    if (text === undefined) faults.push(`--${name} is missing; expected a whole number, as in --${name} 3`);
    else if (!/^\d{1,15}$/.test(text)) faults.push(`--${name} is ${JSON.stringify(text)}; expected a whole number`);
    return Number(text);
  };
  const request = { partition: number("partition", partition), offset: number("offset", offset), reason };
  if (reason.trim() === "") faults.push('--reason is missing; expected a text, as in --reason "why"');
  if (faults.length > 0) throw new CannotStart(faults);
  return request;
}
