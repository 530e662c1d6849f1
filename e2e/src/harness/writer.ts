import type { Message, ReadAnswer } from "./api.ts";
import type { Chance } from "./chance.ts";
import { untilAnswered, type Attempts } from "./retry.ts";
import type { User } from "./user.ts";

/** A message that was acknowledged to its writer. */
export interface Acknowledged {
  readonly chatId: string;
  readonly key: string;
  readonly text: string;
  readonly message: Message;
}

/** Somebody who sends one message after the other, each until it is acknowledged, and reads and deletes now and then. */
export interface Writer {
  readonly user: User;
  readonly acknowledged: readonly Acknowledged[];
  readonly deleted: ReadonlySet<string>;
  /** How far the answers to its reads said that it has read, by chat. */
  readonly readUpTo: ReadonlyMap<string, number>;
  /** Sends until `enough`; rejects at the first answer that is none of those that the API promises. */
  write(enough: () => boolean): Promise<void>;
}

export interface WriterOptions {
  readonly user: User;
  readonly chatIds: readonly string[];
  readonly chance: Chance;
  readonly attempts: Attempts;
  readonly onAcknowledged: () => void;
}

export function createWriter({ user, chatIds, chance, attempts, onAcknowledged }: WriterOptions): Writer {
  const acknowledged: Acknowledged[] = [];
  const deleted = new Set<string>();
  const readUpTo = new Map<string, number>();

  async function send(): Promise<void> {
    const chatId = chance.pick(chatIds);
    const key = `${user.name}-${acknowledged.length + 1}`;
    const text = `${key} says something to ${chatId}`;
    const path = `/api/chats/${chatId}/messages`;
    const answer = await untilAnswered(() => user.post<Message>(path, { text, client_message_id: key }), attempts);
    if (answer.status !== 201 && answer.status !== 200) throw unexpected("sending", answer);
    acknowledged.push({ chatId, key, text, message: answer.body });
    onAcknowledged();
  }

  async function read(): Promise<void> {
    const chatId = chance.pick(chatIds);
    const answer = await untilAnswered(() => user.post<ReadAnswer>(`/api/chats/${chatId}/read`, {}), attempts);
    if (answer.status !== 200) throw unexpected("reading", answer);
    readUpTo.set(chatId, answer.body.read_up_to);
  }

  async function deleteOne(): Promise<void> {
    const { id } = chance.pick(acknowledged).message;
    const answer = await untilAnswered(() => user.delete(`/api/messages/${id}`), attempts);
    if (answer.status !== 200) throw unexpected("deleting", answer);
    deleted.add(id);
  }

  return {
    user,
    acknowledged,
    deleted,
    readUpTo,
    async write(enough) {
      while (!enough()) {
        await send();
        if (chance.oneIn(6)) await read();
        if (chance.oneIn(15)) await deleteOne();
      }
    },
  };
}

function unexpected(what: string, answer: object): Error {
  return new Error(`${what} was answered with ${JSON.stringify(answer)}`);
}
