import { createHmac, createSecretKey } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { CommandCaller, CommandPort, MessageSentResult, SendMessage } from "@chat/shared/commands/command-port";
import { parseMessageId } from "@chat/shared/ids";
import { Rejection } from "@chat/shared/rejection";
import type { SeenEvent } from "./window.ts";

/** The same text again within so long was sent by mistake; later it is meant. */
export const REPEAT_WITHIN_MS = 2_000;
/** Chains of keys begin anew with each round: an instance that remembers nothing has at most half as many steps to go as a round has seconds. */
const ROUND_MS = 60_000;
const MAX_STEPS = ROUND_MS / REPEAT_WITHIN_MS + 1;
/** Texts that were sent a moment ago; of one that is forgotten the chain is followed from its start. */
const MAX_REMEMBERED = 10_000;
const KEY_PREFIX = "once.";
/** Enough to tell one text of one user from another. */
const KEY_BYTES = 16;

export interface RepeatedTexts {
  /** Sends a message without a number of its own, unless its user has sent the same text to this chat a moment ago. */
  readonly commands: CommandPort;
  /** What was sent elsewhere is known here as soon as it is told here. */
  note(events: readonly SeenEvent[]): void;
}

export interface RepeatedTextsOptions {
  readonly commands: CommandPort;
  /** The same for all instances. A plain hash of a short text would tell the text after it was deleted. */
  readonly secret: string;
  readonly now: () => number;
}

/** The newest message of one text, of one user in one chat. */
interface Last {
  readonly key: string;
  readonly seq: number;
  readonly sentAtMs: number;
}

/**
 * Finds repeats without asking anybody first. The key under which a text is sent follows from the message that had it
 * before, so two devices that send it at one moment, on whatever instances, send it under one key, and the one place
 * that decides makes one message of it. Who knows less gets an older message for an answer, and goes on from there.
 */
export function createRepeatedTexts({ commands, secret, now }: RepeatedTextsOptions): RepeatedTexts {
  // A key of its own: what signs tokens signs nothing else.
  const secretKey = createSecretKey(createHmac("sha256", secret).update("chat repeated texts").digest());
  const remembered = new LRUCache<string, Last>({ max: MAX_REMEMBERED });
  /** Keys of which nobody knows whether a message was sent under them: who sends the text again wants to know just that. */
  const inDoubt = new LRUCache<string, string>({ max: MAX_REMEMBERED });

  const hash = (...parts: readonly (string | number)[]): string =>
    createHmac("sha256", secretKey).update(JSON.stringify(parts)).digest().subarray(0, KEY_BYTES).toString("base64url");

  function remember(name: string, key: string, seq: number, sentAt: string): void {
    if (seq >= (remembered.get(name)?.seq ?? 0)) remembered.set(name, { key, seq, sentAtMs: Date.parse(sentAt) });
  }

  const keyAt = (name: string, place: string): string => `${KEY_PREFIX}${hash(name, place)}`;

  function firstKey(name: string, askedAtMs: number): string {
    const last = remembered.get(name);
    if (last !== undefined && askedAtMs - last.sentAtMs < REPEAT_WITHIN_MS) return last.key;
    const round = roundOf(askedAtMs);
    return keyAt(name, last !== undefined && roundOf(last.sentAtMs) === round ? `after ${last.seq}` : `round ${round}`);
  }

  async function send(caller: CommandCaller, command: SendMessage, name: string): Promise<MessageSentResult> {
    try {
      const result = await commands(caller, command);
      if (result.type !== "MessageSent") throw new Error("a message was sent and is not there");
      return result;
    } catch (error) {
      if (error instanceof Rejection && error.code === "outcome_unknown" && command.clientMessageId !== null) {
        inDoubt.set(name, command.clientMessageId);
      }
      throw error;
    }
  }

  return {
    async commands(caller, command) {
      if (command.type !== "SendMessage" || command.clientMessageId !== null) return commands(caller, command);
      const askedAtMs = now();
      const name = hash(caller.userId, command.chatId, command.text);
      const doubtful = inDoubt.get(name);
      let key = doubtful ?? firstKey(name, askedAtMs);
      for (let step = 1; ; step += 1) {
        const result = await send(caller, { ...command, clientMessageId: key }, name);
        inDoubt.delete(name);
        const { id, created_at: sentAt } = result.message;
        const seq = parseMessageId(id)?.seq ?? 0;
        remember(name, key, seq, sentAt);
        const isMeant = result.repeated && askedAtMs - Date.parse(sentAt) >= REPEAT_WITHIN_MS && key !== doubtful;
        if (!isMeant || step >= MAX_STEPS) return result;
        key = keyAt(name, `after ${seq}`);
      }
    },

    note(events) {
      for (const { record } of events) {
        const { event, chatId, actor, at, idempotencyKey } = record;
        if (event.type !== "MessageSent" || idempotencyKey?.startsWith(KEY_PREFIX) !== true) continue;
        remember(hash(actor, chatId, event.content.text), idempotencyKey, event.seq, at);
      }
    },
  };
}

const roundOf = (ms: number): number => Math.floor(ms / ROUND_MS);
