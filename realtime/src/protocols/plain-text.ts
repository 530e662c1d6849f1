import type { CommandResult } from "@chat/shared/commands/command-port";
import type { Problem } from "@chat/shared/http/problem";
import type { Telling } from "../tellings.ts";
import type { Protocol, Wording } from "./protocol.ts";
import { readObject, readQuoted, sendText } from "./texts-in.ts";

/** `/ws/{user_id}/{chat_id}`: one chat in sentences, as people read them. */
export const plainText: Protocol = {
  name: "plain-text",
  provedSoon: true,
  asks: { membersAtFullRead: true },
  refusesRepeatedTexts: true,
  framesFor: sentences,
  /** A text, bare or in JSON's quotation marks; `{"text": …, "client_message_id": …}` for those who number theirs. */
  incoming(frame, shown) {
    const object = readObject(frame);
    return sendText(frame, object !== null && "text" in object ? object : readQuoted(frame), shown);
  },
  ready: () => null,
  moved: () => null,
  resync: () => null,
  done: (_id, result) => (isRepeated(result) ? "⚠️ Сообщение уже отправлено" : null),
  refused: (_id, problem) => `⚠️ Сообщение не отправлено: ${reasons[problem.code] ?? problem.detail}`,
};

function sentences({ kind, payload, userId, more, members }: Telling): Wording {
  if (kind === "new_message" && "text" in payload) {
    const { text, sender_id: sender } = payload;
    // What was taken back by the time that it is told is not told.
    if (text === "") return [];
    return {
      userId: sender,
      his: [`✅ Сообщение '${text}' отправлено!`],
      others: [`📩 Новое сообщение от ${sender}: ${text}`],
    };
  }
  // Of many that were read at once the newest are named; these are in the last part.
  if (kind !== "fully_read" || more || !("message_ids" in payload) || userId === undefined) return [];
  const read = members === 2 ? "прочитано" : "полностью прочитано";
  return { userId, his: payload.message_ids.map((id) => `✅ Ваше сообщение ${id} ${read}!`), others: [] };
}

const isRepeated = (result: CommandResult | null): boolean => result?.type === "MessageSent" && result.repeated;

/** For what a person can do something about there are words; for the rest the problem's own. */
const reasons: Readonly<Partial<Record<Problem["code"], string>>> = {
  validation_failed: "текст пуст, слишком длинный или содержит недопустимые символы",
  invalid_utf8: "текст не в UTF-8",
  not_found: "вы не участник этого чата",
  idempotency_conflict: "этот номер уже был у другого сообщения",
  too_many_requests: "слишком много сообщений, подождите",
  outcome_unknown: "неизвестно, дошло ли оно; отправьте ещё раз",
  unavailable: "сервер занят, попробуйте ещё раз",
  overloaded: "сервер занят, попробуйте ещё раз",
  lagging: "сервер занят, попробуйте ещё раз",
};
