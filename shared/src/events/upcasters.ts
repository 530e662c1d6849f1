import type { ChatEvent } from "./chat-events.ts";

/** A record as it was parsed: of a known type, nothing else checked yet. */
export interface StoredEvent {
  readonly type: ChatEvent["type"];
  readonly v: number;
  readonly data?: unknown;
  readonly content?: unknown;
}

/** Makes of a record of one schema version one of the next. Pure: what the old record did not know, it cannot look up. */
export type Upcaster = (stored: StoredEvent) => StoredEvent;

/**
 * Records are never rewritten, so every shape that was ever written must be read for ever.
 *
 * To change a shape: raise `version` in `eventShapes`, add here the step from the version before under
 * `"<type>@<version before>"`, which returns the record with `v` one higher, and add a record of the new shape to
 * `golden-events.json`; the old one stays there. Deploy readers before writers: a reader that meets a version newer
 * than its own stops.
 */
export const upcasters: Readonly<Partial<Record<`${ChatEvent["type"]}@${number}`, Upcaster>>> = {
  /** When messages had no files. */
  "MessageEdited@1": (stored) => ({
    ...stored,
    v: 2,
    data: withField(stored.data, "message", (message) => ({ ...asObject(message), files: [] })),
    content: { ...asObject(stored.content), names: [] },
  }),
  /** When it did not say what the message was. */
  "FileAttached@1": (stored) => ({ ...stored, v: 2 }),
};

function withField(data: unknown, field: string, change: (value: unknown) => unknown): object {
  const fields: Readonly<Record<string, unknown>> = { ...asObject(data) };
  return { ...fields, [field]: change(fields[field]) };
}

/** What is no object stays nothing: the schema refuses it after the last step. */
const asObject = (value: unknown): object => (typeof value === "object" && value !== null ? value : {});

/** The record in the version `target`; as it is, when a step is missing or goes nowhere: its shape is then refused. */
export function upcast(stored: StoredEvent, target: number, steps: typeof upcasters = upcasters): StoredEvent {
  let current = stored;
  while (current.v < target) {
    const next = steps[`${current.type}@${current.v}`]?.(current);
    if (next?.v !== current.v + 1) return current;
    current = next;
  }
  return current;
}
