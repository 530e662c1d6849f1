import type { IHeaders, KafkaMessage, Message } from "kafkajs";
import { parseControlRecord } from "../control-record.ts";
import { LogHalted, type LogRecord, type StoredRecord } from "../event-log.ts";
import { formatEpoch, parseEpoch, type Epoch } from "../position.ts";

/**
 * How records stand in the topic. An event is its chat's id as key, its JSON as value and its writer's epoch in the
 * header `epoch`. The other two kinds say themselves in the header `kind` and keep their fields as JSON in the value.
 */
export function toMessages(partition: number, records: readonly LogRecord[]): Message[] {
  let epoch: Epoch | null = null;
  let headers: IHeaders = {};
  return records.map((record) => {
    if (record.kind !== "event") {
      const { kind, ...fields } = record;
      return { partition, value: JSON.stringify(fields), headers: { kind } };
    }
    // Made once for a batch, as bytes: a header is what an append costs more than kafkajs alone.
    if (record.epoch !== epoch) {
      epoch = record.epoch;
      headers = { epoch: Buffer.from(formatEpoch(epoch)) };
    }
    return { partition, key: record.key, value: record.value, headers };
  });
}

/** Throws `LogHalted` for what none of us has written: somebody else writes to this topic. */
export function fromMessage(partition: number, message: KafkaMessage): StoredRecord {
  const offset = Number(message.offset);
  const { headers = {}, value } = message;
  if (value === null) throw new LogHalted(partition, offset, "a record without a value is none of ours");
  try {
    const kind = headerText(headers, "kind");
    if (kind === "election" || kind === "log-created") {
      return { ...parseControlRecord(kind, value.toString()), offset };
    }
    const epoch = parseEpoch(headerText(headers, "epoch"));
    if (epoch === null) throw new Error("it has no epoch");
    return { kind: "event", offset, epoch, key: message.key?.toString() ?? "", value: value.toString() };
  } catch (error) {
    throw new LogHalted(partition, offset, `this record is none of ours: ${(error as Error).message}`);
  }
}

function headerText(headers: IHeaders, name: string): string {
  const value = headers[name];
  if (value === undefined) return "";
  return Array.isArray(value) ? value.join() : value.toString();
}
