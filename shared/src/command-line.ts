import { parseArgs } from "node:util";
import { CannotStart } from "./cannot-start.ts";

/** What a program may be told, by name without dashes: a flag stands alone, a text follows its name or an equals sign. */
export type OptionKinds = Readonly<Record<string, "flag" | "text">>;

export type Options<K extends OptionKinds> = {
  readonly [N in keyof K]: K[N] extends "flag" ? boolean : string | undefined;
};

/** Reads a command line. Throws `CannotStart` with a line for each word that has no place in it. */
export function readOptions<K extends OptionKinds>(kinds: K, words: readonly string[]): Options<K> {
  const types = { flag: "boolean", text: "string" } as const;
  const options = Object.fromEntries(Object.entries(kinds).map(([name, kind]) => [name, { type: types[kind] }]));
  // Strict, it would throw words of its own, which speak of JavaScript to whoever has mistyped an option.
  const { tokens } = parseArgs({ args: [...words], options, strict: false, allowPositionals: true, tokens: true });
  const given = new Map<string, string | true>();
  const faults: string[] = [];
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    const kind = token.kind === "option" && Object.hasOwn(kinds, token.name) ? kinds[token.name] : undefined;
    if (token.kind === "positional" || kind === undefined) {
      faults.push(
        `${token.kind === "positional" ? token.value : token.rawName} is not known here; --help says what is`,
      );
    } else if (given.has(token.name)) {
      faults.push(`--${token.name} is said twice`);
    } else if (kind === "flag") {
      if (token.value !== undefined) faults.push(`--${token.name} stands alone, without a value`);
      given.set(token.name, true);
    } else if (token.value === undefined || (token.value.startsWith("--") && !token.inlineValue)) {
      faults.push(`--${token.name} needs a value; --help says which`);
      // The next option was taken for the value, so what follows would only be misread.
      break;
    } else {
      given.set(token.name, token.value);
    }
  }
  if (faults.length > 0) throw new CannotStart(faults);
  const values = Object.entries(kinds).map(([name, kind]) => [
    name,
    given.get(name) ?? (kind === "flag" ? false : undefined),
  ]);
  return Object.fromEntries(values) as Options<K>;
}
