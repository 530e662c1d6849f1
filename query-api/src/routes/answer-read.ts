import type { RouteRequest, Reply } from "@chat/shared/http/define-route";
import { problemHeaders, problemOf } from "@chat/shared/http/problem";
import type { EventLog } from "@chat/shared/log/event-log";
import { encodeCursor } from "@chat/shared/log/cursor";
import { partitionOf } from "@chat/shared/partitions/partition-of";
import type { LiveQuery, LiveReader, LiveRows } from "@chat/shared/read-model/read-live";
import { kindOfRejection, Rejection } from "@chat/shared/rejection";
import type { Positions } from "../checkpoint-watch.ts";
import type { ReadObserver } from "../observe-reads.ts";
import type { ReadBarrier } from "../read-barrier.ts";

/** Answers a GET from the read models, with what every such answer says of itself in its headers. */
export interface AnswerRead {
  /** About one chat: waits for that chat's partition only. */
  ofChat<Row extends ChatRow>(request: ReadRequest, chatId: string, read: Read<Row>): Promise<Reply>;
  ofAllChats<Row extends object>(request: ReadRequest, read: Read<Row>): Promise<Reply>;
}

type ReadRequest = Pick<RouteRequest, "headers" | "requestId">;

export interface Read<Row extends object> {
  readonly query: LiveQuery;
  /** A cheaper way to the answer, tried first; it resolves with null when only the query can tell. */
  readonly instead?: () => Promise<LiveRows<Row> | null>;
  /** Null: there is nothing of the caller's to see, 404. */
  reply(rows: readonly Row[]): Reply | null;
}

/** An operator has skipped an event of a degraded chat: what is shown of it is not all. */
export interface ChatRow {
  readonly degraded: boolean;
}

export interface AnswerReadDeps {
  readonly log: Pick<EventLog, "id" | "partitions">;
  readonly live: LiveReader;
  readonly barrier: ReadBarrier;
  /** Told of each answer that says `Chat-Stale`. */
  readonly stale: ReadObserver["stale"];
}

export function createAnswerRead({ log, live, barrier, stale: observeStale }: AnswerReadDeps): AnswerRead {
  /** Many answers come out of one statement, and have its positions. */
  const cursors = new WeakMap<Positions, string>();

  async function answer<Row extends object>(
    request: ReadRequest,
    partitions: readonly number[] | "all",
    { query, instead, reply }: Read<Row>,
    isDegraded: (row: Row) => boolean,
  ): Promise<Reply> {
    // All positions are read, whatever is waited for: `Chat-Position` speaks of every partition.
    const read = async () => (await instead?.()) ?? live.read<Row>(query, "all");
    const { answer, stale } = isEventual(request)
      ? { answer: await read(), stale: false }
      : await barrier.read(partitions, read);
    const reason = stale ? "behind" : answer.rows.some(isDegraded) ? "degraded" : null;
    if (reason !== null) observeStale(reason);
    const { status, body, headers } = reply(answer.rows) ?? notThere(request);
    return {
      status,
      body,
      headers: {
        ...headers,
        "Chat-Position": positionOf(answer.positions),
        ...(reason === null ? {} : { "Chat-Stale": "true" }),
      },
    };
  }

  function positionOf(positions: Positions): string {
    const known = cursors.get(positions);
    if (known !== undefined) return known;
    const offsets = Array.from({ length: log.partitions }, (_, partition) => positions.get(partition)?.offset ?? 0);
    const cursor = encodeCursor(log.id, offsets);
    cursors.set(positions, cursor);
    return cursor;
  }

  return {
    ofChat: (request, chatId, read) =>
      answer(request, [partitionOf(chatId, log.partitions)], read, ({ degraded }) => degraded),
    ofAllChats: (request, read) => answer(request, "all", read, (row) => "degraded" in row && row.degraded === true),
  };
}

function isEventual({ headers }: ReadRequest): boolean {
  return headers["chat-consistency"] === "eventual";
}

/** A reply and not a throw: that something is absent is an answer too, and says the position that it is true at. */
function notThere({ requestId }: ReadRequest): Reply {
  const rejection = new Rejection("not_found", "There is nothing here, or it is not yours to see.");
  return {
    status: kindOfRejection(rejection.code).status,
    body: JSON.stringify(problemOf(rejection, requestId)),
    headers: problemHeaders(rejection),
  };
}
