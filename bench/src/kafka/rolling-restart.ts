import { setTimeout as sleep } from "node:timers/promises";
import { TEXT } from "../driver/frames.ts";
import { httpRequest, openHttpConnection, type Answer } from "../driver/http-connection.ts";
import type { KafkaStack } from "./kafka-stack.ts";
import { makeChats } from "./post-rate.ts";

/** So long is written before the first restart and after the last one. */
const settleMs = 1_000;

export interface RollingRestart {
  /** Commands that were answered otherwise than done, or not at all though they had been sent. */
  readonly failed: readonly string[];
  readonly messages: number;
  /** The longest time between two acknowledgements in one chat. */
  readonly longestPauseMs: number;
}

/**
 * Restarts every service, one after the other, while everybody writes into a chat of his own through all instances of
 * command-api. As our gateway does, a writer makes a connection for each call, and goes to the next one where none is made.
 */
export async function rollingRestart(stack: KafkaStack, writers: number): Promise<RollingRestart> {
  const ports = stack.of("command-api").map(({ port }) => port);
  const people = stack.people.slice(0, writers);
  const chats = await makeChats(ports[0] ?? 0, people);
  const failed: string[] = [];
  let messages = 0;
  let longestPauseMs = 0;
  let running = true;

  async function write(index: number): Promise<void> {
    const path = `/api/chats/${chats[index] ?? ""}/messages`;
    let turn = index;
    let last = performance.now();
    for (let count = 0; running; count += 1) {
      const body = JSON.stringify({ text: TEXT, client_message_id: `m${count}` });
      const answer = await sendSomewhere(httpRequest("POST", path, people[index]?.token ?? "", body));
      if (answer === null || answer.status >= 300) {
        failed.push(answer === null ? "no answer" : `${answer.status} ${answer.body.toString()}`);
        continue;
      }
      messages += 1;
      longestPauseMs = Math.max(longestPauseMs, performance.now() - last);
      last = performance.now();
    }

    async function sendSomewhere(request: Buffer): Promise<Answer | null> {
      for (;;) {
        turn += 1;
        const port = ports[turn % ports.length] ?? 0;
        const connection = await openHttpConnection(port).catch(() => null);
        if (connection === null) {
          await sleep(1);
          continue;
        }
        try {
          return await connection.send(request);
        } catch {
          return null;
        } finally {
          connection.close();
        }
      }
    }
  }

  const writing = Promise.all(people.map((_, index) => write(index)));
  await sleep(settleMs);
  for (const service of stack.services) await service.restart();
  await sleep(settleMs);
  running = false;
  await writing;
  return { failed, messages, longestPauseMs };
}
