import type { ChatId, UserId } from "@chat/shared/ids";
import { Rejection } from "@chat/shared/rejection";
import type { ChatCommand } from "../domain/chat/commands.ts";
import type { CommandOutcome, CommandRequest } from "../partition-owner/command-request.ts";

/** Who asks, and with which key, if any. */
export interface CommandOrigin {
  readonly actor: UserId;
  readonly idempotencyKey: string | undefined;
  readonly traceParent: string;
  /** What was asked for, where the command says more than that: the same request made it another one. */
  readonly request?: object;
}

/** The one way a command comes in, over HTTP or from a socket. */
export interface ChatCommands {
  execute(origin: CommandOrigin, chatId: ChatId, command: ChatCommand): Promise<CommandOutcome>;
}

interface Dependencies {
  readonly submit: (request: CommandRequest) => Promise<CommandOutcome>;
  readonly hashRequest: (request: object) => string;
  /** Which of these users exist. */
  readonly existingUsers: (ids: readonly UserId[]) => Promise<ReadonlySet<string>>;
  readonly newCommandId: () => string;
  readonly now: () => Date;
}

/** Gives each command its id and time, which it keeps whichever instance decides it. */
export function createChatCommands(dependencies: Dependencies): ChatCommands {
  const { submit, hashRequest, existingUsers, newCommandId, now } = dependencies;
  return {
    async execute({ actor, idempotencyKey, traceParent, request }, chatId, command) {
      await refuseUnknownUsers(command, existingUsers);
      return submit({
        id: newCommandId(),
        chatId,
        actor,
        at: now().toISOString(),
        command,
        idempotencyKey: idempotencyKey ?? null,
        requestHash: idempotencyKey === undefined ? null : hashRequest(request ?? command),
        traceParent,
      });
    },
  };
}

/** A chat's state knows no accounts: that somebody exists is checked before, and accounts are never taken away. */
async function refuseUnknownUsers(command: ChatCommand, existingUsers: Dependencies["existingUsers"]): Promise<void> {
  const named = newMembersOf(command) as readonly UserId[];
  if (named.length === 0) return;
  const existing = await existingUsers(named);
  const unknown = named.filter((id) => !existing.has(id));
  if (unknown.length === 0) return;
  throw new Rejection("validation_failed", `There is no user ${unknown.slice(0, 5).join(", ")}.`);
}

function newMembersOf(command: ChatCommand): readonly string[] {
  if (command.type === "CreateChat") return command.memberIds;
  if (command.type === "AddMembers") return command.userIds;
  return command.type === "ChangeChat" ? (command.memberIds ?? []) : [];
}
