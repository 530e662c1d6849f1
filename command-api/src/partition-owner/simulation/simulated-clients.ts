import { Rejection } from "@chat/shared/rejection";
import type { ChatCommand } from "../../domain/chat/commands.ts";
import type { CommandRequest } from "../command-request.ts";
import type { Answer } from "./history.ts";
import type { Random } from "./random.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** What somebody wants, before it is given an id and a time. */
export type Wish = Pick<CommandRequest, "chatId" | "actor" | "command" | "idempotencyKey" | "requestHash">;

/** Hands a request to some instance. Resolves with what was said, or null when the client has waited long enough. */
export type Deliver = (request: CommandRequest) => Promise<Answer["said"] | null>;

interface Dependencies {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly deliver: Deliver;
}

const maxTries = 4;

/**
 * Does what a client does that wants its command done: tries again, with the same key, whatever may or may not have
 * happened; without a key only what surely has not.
 */
export function createClients({ time, random, deliver }: Dependencies): (wish: Wish) => Promise<void> {
  let requests = 0;

  return async (wish) => {
    for (let tries = 0; tries < maxTries; tries += 1) {
      requests += 1;
      const at = new Date(Date.UTC(2026, 0, 1) + Math.floor(time.now())).toISOString();
      const said = await deliver({ ...wish, id: `c${String(requests)}`, at, traceParent: null });
      if (!mayTryAgain(wish, said)) return;
      const pauseMs = random.between(1, 200);
      await new Promise<void>((resolve) => {
        time.later(pauseMs, resolve);
      });
    }
  };
}

function mayTryAgain(wish: Wish, said: Answer["said"] | null): boolean {
  if (said === null) return wish.idempotencyKey !== null;
  if (!(said instanceof Rejection)) return false;
  if (said.code === "outcome_unknown") return wish.idempotencyKey !== null;
  return ["unavailable", "lagging", "overloaded", "not_owner"].includes(said.code);
}

/** Members from the beginning, and one who comes and goes. */
const members = ["1", "2", "3"];
const guest = "9";

/** Any wish: most are messages, and every kind of answer comes up. */
export function createWishes(chatIds: readonly string[], random: Random): () => Wish {
  const keyed: Wish[] = [];
  let keys = 0;
  let texts = 0;

  function wish(command: ChatCommand, actor = random.pick(members), keyProbability = 0.4): Wish {
    const chatId = random.pick(chatIds);
    if (!random.happens(keyProbability)) return { chatId, actor, command, idempotencyKey: null, requestHash: null };
    keys += 1;
    const requestHash = JSON.stringify(command);
    const made = { chatId, actor, command, idempotencyKey: `k${String(keys)}`, requestHash };
    keyed.push(made);
    return made;
  }

  function text(): string {
    texts += 1;
    return `text ${String(texts)}`;
  }

  const send = (actor?: string): Wish => wish({ type: "SendMessage", text: text(), replyTo: null }, actor, 0.6);
  const seq = (): number => 1 + random.below(6);
  const makers: readonly (readonly [weight: number, make: () => Wish])[] = [
    [30, () => send()],
    [20, () => (keyed.length === 0 ? send() : random.pick(keyed))],
    [3, () => (keyed.length === 0 ? send() : { ...random.pick(keyed), requestHash: "another request" })],
    [8, () => send(guest)],
    [10, () => wish({ type: "EditMessage", seq: seq(), text: text() })],
    [5, () => wish({ type: "DeleteMessage", seq: seq() })],
    [10, () => wish({ type: "MarkRead", upTo: random.happens(0.5) ? seq() : null, named: null })],
    [6, () => wish({ type: "AddMembers", userIds: [guest] })],
    [5, () => wish({ type: "RemoveMember", userId: guest }, "1")],
    [3, () => wish(createGroup, "1")],
  ];
  const total = makers.reduce((sum, [weight]) => sum + weight, 0);

  return () => {
    let rest = random.below(total);
    for (const [weight, make] of makers) {
      rest -= weight;
      if (rest < 0) return make();
    }
    return send();
  };
}

export const createGroup: ChatCommand = {
  type: "CreateChat",
  chatType: "group",
  title: "Group",
  description: null,
  memberIds: members,
};
