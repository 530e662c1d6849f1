import fc from "fast-check";
import type { ChatEvent, Role } from "@chat/shared/events/chat-events";
import { Rejection } from "@chat/shared/rejection";
import type { ChatCommand } from "../domain/chat/commands.ts";
import type { ChatState, Member } from "../domain/chat/state.ts";
import { createChat } from "./given-chat.ts";

export const users = ["1", "2", "3", "4", "5"] as const;
export const user = fc.constantFrom(...users);
export const seq = fc.integer({ min: 0, max: 12 });
export const role = fc.constantFrom<Role>("owner", "admin", "member");
const some = fc.subarray([...users]);
export const orNull = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
export const title = orNull(fc.constantFrom("A", "B"));

const reading = fc.record({ type: fc.constant("MarkRead" as const), upTo: orNull(seq), named: orNull(seq) });
const sending = fc.record({
  type: fc.constant("SendMessage" as const),
  text: fc.string({ maxLength: 3 }),
  replyTo: fc.option(seq, { nil: null, freq: 2 }),
});
const newFile = fc.nat(50).map((number) => ({
  key: `key ${String(number)}`,
  name: `file ${String(number)}`,
  type: "text/plain",
  size: number,
}));
const rare: fc.Arbitrary<ChatCommand>[] = [
  fc.record({
    type: fc.constant("CreateChat" as const),
    chatType: fc.constantFrom("private" as const, "group" as const),
    title,
    description: title,
    memberIds: some,
  }),
  fc.record(
    { type: fc.constant("ChangeChat" as const), title, description: title, avatar: title, memberIds: some },
    { requiredKeys: ["type"] },
  ),
  fc.record({ type: fc.constant("AddMembers" as const), userIds: some }),
  fc.record({ type: fc.constant("RemoveMember" as const), userId: user }),
  fc.record({ type: fc.constant("LeaveChat" as const), newOwnerId: orNull(user) }),
  fc.record({ type: fc.constant("ChangeRole" as const), userId: user, role }),
  fc.record({ type: fc.constant("EditMessage" as const), seq, text: fc.constantFrom("x", "y") }),
  fc.record({ type: fc.constant("DeleteMessage" as const), seq }),
  fc.record({ type: fc.constant("AttachFiles" as const), seq, files: fc.array(newFile, { maxLength: 3 }) }),
];
export const command: fc.Arbitrary<ChatCommand> = fc.oneof(
  { weight: 60, arbitrary: reading },
  { weight: 40, arbitrary: sending },
  ...rare.map((arbitrary) => ({ weight: 10, arbitrary })),
  { weight: 1, arbitrary: fc.constant({ type: "DeleteChat" } as const) },
);

/** A chat's life. User 1 comes up more often: as the owner of most groups, much depends on what he may do. */
export interface Step {
  readonly actor: string;
  readonly command: ChatCommand;
}
const step: fc.Arbitrary<Step> = fc.record({ actor: fc.oneof(fc.constant("1"), user), command });
const creation: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ actor: fc.constant("1"), command: createdAs("group", some) }) },
  { weight: 1, arbitrary: fc.record({ actor: user, command: createdAs("private", some) }) },
);
export const life = fc
  .tuple(creation, fc.array(step, { maxLength: 60, size: "max" }))
  .map(([first, steps]): readonly Step[] => [first, ...steps]);

function createdAs(chatType: "private" | "group", memberIds: fc.Arbitrary<string[]>): fc.Arbitrary<ChatCommand> {
  return memberIds.map((ids) => ({ type: "CreateChat", chatType, title: null, description: null, memberIds: ids }));
}

export interface Done {
  readonly step: Step;
  readonly before: ChatState;
  readonly after: ChatState;
  readonly events: readonly ChatEvent[];
}

/** Lives it, and shows each step that was not refused. */
export function live(steps: readonly Step[], look: (done: Done, chat: ReturnType<typeof createChat>) => void): void {
  const chat = createChat();
  for (const taken of steps) {
    const before = chat.state();
    const events = chat.decide(taken.actor, taken.command);
    if (events instanceof Rejection) continue;
    chat.apply(taken.actor, events);
    look({ step: taken, before, after: chat.state(), events }, chat);
  }
}

export const membersOf = (state: ChatState): readonly Member[] =>
  state.status === "active" ? [...state.members.values()] : [];
