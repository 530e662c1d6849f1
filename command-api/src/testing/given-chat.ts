import { expect } from "@jest/globals";
import type { ChatEvent, Role } from "@chat/shared/events/chat-events";
import { Rejection, type RejectionCode } from "@chat/shared/rejection";
import type { ChatCommand } from "../domain/chat/commands.ts";
import { decide } from "../domain/chat/decide.ts";
import type { Decision } from "../domain/chat/decision.ts";
import { evolveMessage } from "../domain/chat/evolve-message.ts";
import { evolve } from "../domain/chat/evolve.ts";
import { type ActiveChat, type ChatState, type MessageState, initialState } from "../domain/chat/state.ts";

/** When everything in a spec happens: the domain has no clock. */
export const at = "2026-01-02T03:04:05.678Z";

/** One fact of a chat's past. Some depend on what was before, a message's seq for one. */
export type Past = (state: ChatState) => { readonly actor: string; readonly event: ChatEvent };

/**
 * `given(past…).when(actor, command).then(events…)`, `.thenRefused(code)` or `.thenNothing()`.
 *
 * `then` also sends the command once more: that must change nothing. Only SendMessage is a new message each time; a
 * repeated one is known by its key before it comes here.
 */
export function given(...past: readonly Past[]) {
  const chat = createChat();
  for (const fact of past) {
    const { actor, event } = fact(chat.state());
    chat.apply(actor, [event]);
  }
  return {
    state: () => active(chat.state()),
    when(actor: string, command: ChatCommand) {
      const decision = chat.decide(actor, command);
      return {
        then(...events: readonly ChatEvent[]): void {
          expect(decision).toEqual(events);
          chat.apply(actor, events);
          if (command.type !== "SendMessage") expectNothingNew(chat.decide(actor, command));
        },
        thenNothing(): void {
          expect(decision).toEqual([]);
        },
        thenRefused(code: RejectionCode): void {
          expect(decision).toBeInstanceOf(Rejection);
          expect(decision).toMatchObject({ code });
        },
      };
    },
  };
}

/** A chat in memory: what the partition owner does, with nothing around it. */
export function createChat() {
  let state: ChatState = initialState;
  const messages = new Map<number, MessageState>();

  return {
    state: () => state,
    messages: messages as ReadonlyMap<number, MessageState>,
    decide: (actor: string, command: ChatCommand): Decision =>
      decide(command, state, { actor, at }, "seq" in command ? messages.get(command.seq) : undefined),

    apply(actor: string, events: readonly ChatEvent[]): void {
      for (const event of events) {
        state = evolve(state, event, { actor, at });
        if (!("seq" in event)) continue;
        const message = evolveMessage(messages.get(event.seq), event, {
          actor,
          at,
          idempotencyKey: null,
          version: state.version,
        });
        if (message !== undefined) messages.set(event.seq, message);
      }
    },
  };
}

export const expectNothingNew = (decision: Decision): void =>
  expect(decision instanceof Rejection ? [] : decision).toEqual([]);

export const group =
  (owner: string, ...others: readonly (string | readonly [string, Role])[]): Past =>
  () => ({
    actor: owner,
    event: {
      type: "ChatCreated",
      chatType: "group",
      members: [
        { userId: owner, role: "owner" },
        ...others.map((other) =>
          typeof other === "string"
            ? ({ userId: other, role: "member" } as const)
            : { userId: other[0], role: other[1] },
        ),
      ],
      content: { title: "A group", description: null },
    },
  });

export const privateChat =
  (one: string, other: string): Past =>
  () => ({
    actor: one,
    event: {
      type: "ChatCreated",
      chatType: "private",
      members: [one, other].map((userId) => ({ userId, role: "member" })),
      content: { title: null, description: null },
    },
  });

export const sent =
  (actor: string, text = "hello"): Past =>
  (state) => ({
    actor,
    event: { type: "MessageSent", seq: active(state).lastSeq + 1, replyTo: null, content: { text } },
  });

export const deleted =
  (actor: string, seq: number, senderId = actor): Past =>
  () => ({ actor, event: { type: "MessageDeleted", seq, senderId } });

/** With one file of this name, which is kept under its name. */
export const attached =
  (actor: string, seq: number, number: number, name: string): Past =>
  () => ({
    actor,
    event: {
      type: "FileAttached",
      seq,
      files: [{ number, key: name, type: "text/plain", size: 4 }],
      content: { names: [name] },
    },
  });

export const read =
  (actor: string, upTo: number): Past =>
  (state) => ({
    actor,
    event: { type: "MessageRead", from: active(state).members.get(actor)?.readUpTo ?? 0, upTo, named: null },
  });

export const joined =
  (actor: string, ...userIds: readonly string[]): Past =>
  (state) => ({
    actor,
    event: {
      type: "MembersAdded",
      members: userIds.map((userId) => ({ userId, role: "member" })),
      readUpTo: active(state).lastSeq,
    },
  });

export const left =
  (actor: string): Past =>
  () => ({ actor, event: { type: "MemberLeft", userId: actor } });

export const happened =
  (actor: string, event: ChatEvent): Past =>
  () => ({ actor, event });

function active(state: ChatState): ActiveChat {
  if (state.status !== "active") throw new Error(`the chat is ${state.status}`);
  return state;
}
