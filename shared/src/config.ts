import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import type { Static, TObject, TProperties, TSchema } from "typebox";
import { CannotStart } from "./cannot-start.ts";

/** The variables of a process: `process.env`, handed down by main.ts. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** All that is wrong with the settings, a line for each: variable, what is wrong, what is expected. Never a secret's value. */
export class ConfigError extends CannotStart {
  override readonly name = "ConfigError";
}

/** What a setting's schema may say besides JSON Schema. */
export interface SettingSchema extends TSchema {
  type?: string;
  description?: string;
  default?: string | number | boolean | readonly string[];
  /** Never printed; `<NAME>_FILE` may name a file that holds it. */
  secret?: boolean;
  /** What is expected, in words, where `pattern` would be all that a fault could quote. */
  expected?: string;
  enum?: readonly unknown[];
  const?: unknown;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  /** Each match of the first is replaced by the second before the value is looked at. */
  rewrite?: readonly [RegExp, string];
  /** What an item of a list stands for; null for one that is wrong, which becomes a fault of its own. */
  item?: (text: string) => string | null;
}

/** Says what is wrong with settings together, a line for each fault; `isSet` tells whether a variable, or a file for it, was given. */
export type SettingsCheck = (isSet: (name: string) => boolean) => readonly string[];

const LIST_SEPARATOR = ",";
const FLAGS: Readonly<Record<string, boolean>> = { true: true, yes: true, 1: true, false: false, no: false, 0: false };

/** A longer value is cut where a fault quotes it. */
const QUOTED_CHARACTERS = 60;

/**
 * Reads settings from the environment. The schema's properties are the variables' own names, so that a search for one
 * finds everything about it. Numbers, flags (true/false, yes/no, 1/0) and comma-separated lists become what the schema
 * says; an empty variable counts as one that is not set.
 *
 * Throws a ConfigError that names every fault at once.
 */
export function readConfig<P extends TProperties>(
  schema: TObject<P>,
  environment: Environment,
  check: SettingsCheck = () => [],
): Static<TObject<P>> {
  const ajv = new Ajv({ strict: false });
  const settings: Record<string, unknown> = {};
  const faults: string[] = [];
  for (const { name, setting, required } of settingsOf(schema)) {
    try {
      const text = readVariable(name, setting, environment);
      const value = text === undefined ? setting.default : parse(name, text, setting);
      if (value === undefined && !required) continue;
      if (value === undefined) faults.push(`${name} is not set; expected ${expectation(setting)}`);
      else if (ajv.validate(setting, value)) settings[name] = value;
      else faults.push(`${name} is ${quote(text, setting)}; expected ${expectation(setting)}`);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      faults.push(...error.reasons);
    }
  }
  faults.push(...check((name) => (present(environment[name]) ?? present(environment[`${name}_FILE`])) !== undefined));
  if (faults.length > 0) throw new ConfigError(faults);
  return settings as Static<TObject<P>>;
}

/** The settings of a program for `--help`: variable, meaning, default. */
export function describeSettings(schema: TObject): string {
  const lines = settingsOf(schema).map(({ name, setting, required }) => {
    const absent = required ? "required" : "optional";
    const given = setting.default === undefined ? absent : `default ${[setting.default].flat().join(",")}`;
    const file = setting.secret === true ? `; also ${name}_FILE` : "";
    return `  ${name}\n      ${setting.description ?? expectation(setting)} (${given}${file})`;
  });
  return lines.join("\n");
}

interface Setting {
  readonly name: string;
  readonly setting: SettingSchema;
  readonly required: boolean;
}

function settingsOf(schema: TObject): Setting[] {
  // TypeBox leaves the list out when it would be empty.
  const required = new Set<string>((schema.required as readonly string[] | undefined) ?? []);
  return Object.entries(schema.properties).map(([name, setting]) => ({ name, setting, required: required.has(name) }));
}

function readVariable(name: string, { secret = false }: SettingSchema, environment: Environment): string | undefined {
  const value = present(environment[name]);
  const file = secret ? present(environment[`${name}_FILE`]) : undefined;
  if (file === undefined) return value;
  if (value !== undefined) throw new ConfigError(`${name} and ${name}_FILE are both set; expected one of them`);
  try {
    return present(readFileSync(file, "utf8").trimEnd());
  } catch (error) {
    const reason = Error.isError(error) && "code" in error ? String(error.code) : "unknown reason";
    throw new ConfigError(`${name}_FILE names ${file}, which cannot be read (${reason}); expected a readable file`);
  }
}

/** A composition file that hands on a variable which is not set hands on an empty one. */
function present(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

/** What cannot be parsed stays a text, which the schema then refuses. */
function parse(name: string, text: string, setting: SettingSchema): unknown {
  const { type = "string", rewrite } = setting;
  switch (type) {
    case "integer":
    case "number":
      return Number.isFinite(Number(text)) ? Number(text) : text;
    case "boolean":
      return FLAGS[text.toLowerCase()] ?? text;
    case "array":
      return itemsOf(name, text, setting);
    default:
      return rewrite === undefined ? text : text.replace(...rewrite);
  }
}

function itemsOf(name: string, text: string, setting: SettingSchema): readonly string[] {
  const item: (one: string) => string | null = setting.item ?? ((one) => one);
  const written = text
    .split(LIST_SEPARATOR)
    .map((one) => one.trim())
    .filter((one) => one !== "");
  const wrong = written.filter((one) => item(one) === null);
  if (wrong.length > 0) {
    throw new ConfigError(wrong.map((one) => `${name} holds ${quote(one, setting)}; expected ${expectation(setting)}`));
  }
  return written.flatMap((one) => item(one) ?? []);
}

function quote(text: string | undefined, { secret = false }: SettingSchema): string {
  if (secret || text === undefined) return `not as it should be (${text?.length ?? 0} characters)`;
  return JSON.stringify(text.length > QUOTED_CHARACTERS ? `${text.slice(0, QUOTED_CHARACTERS)}…` : text);
}

function expectation(setting: SettingSchema): string {
  const { type = "string", expected, minimum, maximum, minLength } = setting;
  if (expected !== undefined) return expected;
  const choices = setting.enum ?? (setting.const === undefined ? undefined : [setting.const]);
  if (choices !== undefined) return choices.map(String).join(" or ");
  switch (type) {
    case "integer":
    case "number": {
      const kind = type === "integer" ? "a whole number" : "a number";
      if (minimum !== undefined && maximum !== undefined) return `${kind} from ${minimum} to ${maximum}`;
      if (minimum !== undefined) return `${kind}, at least ${minimum}`;
      return maximum === undefined ? kind : `${kind}, at most ${maximum}`;
    }
    case "boolean":
      return "true or false";
    case "array":
      return "a list, separated by commas";
    default:
      return minLength === undefined || minLength < 2 ? "a text" : `at least ${minLength} characters`;
  }
}
