import type { ActiveChat, Member } from "../domain/chat/state.ts";
import type { CommandOutcome, CommandRequest } from "./command-request.ts";

/** A chat's members as a list: a map has no JSON. */
type SentChat =
  { readonly status: "deleted" } | (Omit<ActiveChat, "members"> & { readonly members: readonly Member[] });

/** What became of a command as it travels from the partition's owner to the instance that was asked. */
export function encodeOutcome({ command, actor }: CommandRequest, outcome: CommandOutcome): string {
  const { chat } = outcome;
  if (chat.status === "deleted") return JSON.stringify(outcome);
  // A message that was just sent has been read by nobody: a large group's members would be most of the answer, for nothing.
  const isNew = command.type === "SendMessage" && outcome.status === "done";
  const members = [...chat.members.values()].filter(({ userId }) => !isNew || userId === actor);
  return JSON.stringify({ ...outcome, chat: { ...chat, members } });
}

/** Our own service made it, and nobody else has the key to answer: its shape is trusted. */
export function decodeOutcome(text: string): CommandOutcome {
  const sent = JSON.parse(text) as Omit<CommandOutcome, "chat"> & { readonly chat: SentChat & { version: number } };
  const { chat } = sent;
  if (chat.status === "deleted") return { ...sent, chat, message: sent.message };
  const members = new Map(chat.members.map((member) => [member.userId, member]));
  return { ...sent, chat: { ...chat, members }, message: sent.message };
}
