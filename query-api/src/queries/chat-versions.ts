import DataLoader from "dataloader";
import { int8Array, uuidArray } from "@chat/shared/postgres/binary-array";
import type { LiveReader, LiveRows } from "@chat/shared/read-model/read-live";
import { columnTypes } from "./column-types.ts";

/** All that is shown of a chat follows from its events: the same version in the same generation of the read models shows the same. */
export interface ChatVersion {
  readonly generation: string;
  readonly version: number;
}

export interface ChatVersionRow extends ChatVersion {
  readonly last_seq: number;
  readonly degraded: boolean;
}

/** One row when the caller is a member of the chat, else none. */
export type ReadChatVersion = (chatId: string, callerId: string) => Promise<LiveRows<ChatVersionRow>>;

interface Question {
  readonly chatId: string;
  readonly callerId: string;
}

/** The answers to all questions of a statement, by columns. */
interface VersionsRow {
  readonly generation: string;
  readonly questions: readonly number[];
  readonly versions: readonly number[];
  readonly last_seqs: readonly number[];
  readonly degradeds: readonly boolean[];
}

/** What more want at one moment goes in further statements. */
const maxQuestionsPerStatement = 500;

/**
 * Asks for many readers in one statement: those who come in one turn of the event loop. Nobody is given an answer that was
 * asked for before he came.
 */
export function createChatVersions(live: LiveReader): ReadChatVersion {
  const loader = new DataLoader<Question, LiveRows<ChatVersionRow>>(
    async (questions) => answersTo(questions, await live.read<VersionsRow>(chatVersions(questions), "all")),
    {
      cache: false,
      maxBatchSize: maxQuestionsPerStatement,
      batchScheduleFn: (send) => void setImmediate(send),
    },
  );
  return (chatId, callerId) => loader.load({ chatId, callerId });
}

function chatVersions(questions: readonly Question[]) {
  return {
    name: "chat-versions",
    types: columnTypes,
    values: [
      uuidArray(questions.map(({ chatId }) => chatId)),
      int8Array(questions.map(({ callerId }) => BigInt(callerId))),
    ],
    text: (schema: string) => `
      SELECT '${schema}' AS generation, COALESCE(array_agg(asked.question::int), '{}') AS questions,
        COALESCE(array_agg(chat.version), '{}') AS versions, COALESCE(array_agg(chat.last_seq), '{}') AS last_seqs,
        COALESCE(array_agg(chat.degraded), '{}') AS degradeds
      FROM unnest($2::uuid[], $3::bigint[]) WITH ORDINALITY AS asked(chat_id, user_id, question)
      JOIN ${schema}.chats AS chat ON chat.chat_id = asked.chat_id AND NOT chat.deleted
      JOIN ${schema}.members AS caller
        ON caller.chat_id = asked.chat_id AND caller.user_id = asked.user_id AND caller.active`,
  };
}

/** In the order of the questions. Where there is no chat, or the caller is no member, there is no row. */
function answersTo(
  questions: readonly Question[],
  { rows: [found], positions }: LiveRows<VersionsRow>,
): LiveRows<ChatVersionRow>[] {
  const answers = questions.map((): LiveRows<ChatVersionRow> => ({ rows: [], positions }));
  found?.questions.forEach((question, index) => {
    const { generation, versions, last_seqs, degradeds } = found;
    const row = {
      generation,
      version: versions[index] ?? 0,
      last_seq: last_seqs[index] ?? 0,
      degraded: degradeds[index] ?? false,
    };
    // Postgres counts from one.
    answers[question - 1] = { rows: [row], positions };
  });
  return answers;
}
