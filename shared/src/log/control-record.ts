import type { Election, LogCreated } from "./event-log.ts";

/**
 * A record that is no event from the JSON that it is stored as. Throws where a field is missing or is not what it should be:
 * none of us has written that. Fields besides them are left out, or one called `offset` would be taken for the record's own.
 */
export function parseControlRecord(kind: "log-created" | "election", text: string): LogCreated | Election {
  const fields: unknown = JSON.parse(text);
  if (typeof fields !== "object" || fields === null) throw new Error("its value holds no fields");
  const values = new Map<string, unknown>(Object.entries(fields));
  if (kind === "election") {
    return { kind, logId: textIn(values, "logId"), writer: textIn(values, "writer"), id: textIn(values, "id") };
  }
  return {
    kind,
    logId: textIn(values, "logId"),
    partition: countIn(values, "partition"),
    partitions: countIn(values, "partitions"),
  };
}

function textIn(values: ReadonlyMap<string, unknown>, name: string): string {
  const value = values.get(name);
  if (typeof value === "string" && value !== "") return value;
  throw new Error(`its ${name} is no text`);
}

function countIn(values: ReadonlyMap<string, unknown>, name: string): number {
  const value = values.get(name);
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`its ${name} is no number`);
}
