import { setTimeout as sleep } from "node:timers/promises";
import type { Bench } from "./bench.ts";
import { type Answer, httpRequest, openHttpConnection } from "./driver/http-connection.ts";
import { createSequence, type Faults } from "./exactly-once.ts";
import type { Person } from "./people.ts";

/** Messages of a chat that were acknowledged, each number from `first` to `last`, which is the chat's newest. */
export interface Acknowledged {
  readonly chatId: string;
  readonly reader: Person;
  readonly first: number;
  readonly last: number;
}

const PAGE = 100;
/** Of one chat: more than any measurement writes, and some seconds of reading. Of what is longer, the newest are read. */
const READ_BACK_AT_MOST = 110_000;
/** A projector that is further behind when nobody writes any more will not come. */
const FRESH_WITHIN_MS = 60_000;
const ASK_AGAIN_MS = 50;

/** Reads all of them back, page after page, when nothing is measured: each that is missing, doubled or out of order is a fault. */
export async function readBack(bench: Bench, chats: readonly Acknowledged[]): Promise<void> {
  const connection = await openHttpConnection(bench.port());
  for (const chat of chats) {
    const { chatId, reader } = chat;
    const readPage = async (after: number): Promise<readonly number[] | null> => {
      const path = `/api/chats/${chatId}/messages?after=${after}&limit=${PAGE}`;
      const request = httpRequest("GET", path, reader.token);
      const answer = await freshAnswer(`a page of ${chatId}`, () => connection.send(request), bench.faults);
      if (answer === null) return null;
      return (JSON.parse(answer.body.toString()) as { seq: number }[]).map(({ seq }) => seq);
    };
    await checkHistory(chat, readPage, bench.faults);
  }
  connection.close();
}

/** `readPage` hands out the numbers that come behind one, lowest first, and null when that was a fault already. */
export async function checkHistory(
  { chatId, first, last }: Pick<Acknowledged, "chatId" | "first" | "last">,
  readPage: (after: number) => Promise<readonly number[] | null>,
  faults: Faults,
  atMost = READ_BACK_AT_MOST,
): Promise<void> {
  let after = Math.max(first - 1, last - atMost);
  const sequence = createSequence(`${chatId}, read back,`, after + 1, faults);
  for (;;) {
    const seqs = await readPage(after);
    if (seqs === null) return;
    for (const seq of seqs) sequence.saw(seq);
    const end = seqs.at(-1);
    if (end === undefined || end <= after) break;
    after = end;
  }
  const read = sequence.next() - 1;
  if (read !== last) faults.add(`${chatId} is read back up to ${read}, and was acknowledged up to ${last}`);
}

/** Asks until the answer is of everything acknowledged; null, and a fault, for one that is none, or when that takes too long. */
export async function freshAnswer(
  what: string,
  ask: () => Promise<Answer>,
  faults: Faults,
  withinMs = FRESH_WITHIN_MS,
): Promise<Answer | null> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer.status === 200 && !answer.stale) return answer;
    if (answer.status !== 200) {
      faults.add(`${what}: ${answer.status} ${answer.body.toString()}`);
      return null;
    }
    if (performance.now() >= deadline) {
      faults.add(`${what}: still stale after ${withinMs} ms`);
      return null;
    }
    await sleep(ASK_AGAIN_MS);
  }
}
