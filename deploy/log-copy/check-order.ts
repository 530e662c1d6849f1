import { CannotStart } from "@chat/shared/cannot-start";
import { readOptions } from "@chat/shared/command-line";

/** Throws `CannotStart` unless it is said where from and where to: there is one way, and it is to be meant. */
export function checkOrder(words: readonly string[]): void {
  const { from, to } = readOptions({ from: "text", to: "text" }, words);
  const faults = [...fault("from", from, "postgres"), ...fault("to", to, "kafka")];
  if (faults.length > 0) throw new CannotStart(faults);
}

function fault(name: string, text: string | undefined, only: string): readonly string[] {
  if (text === only) return [];
  const found = text === undefined ? "missing" : JSON.stringify(text);
  return [`--${name} is ${found}; expected --${name} ${only}, there is no other way; --help says more`];
}
