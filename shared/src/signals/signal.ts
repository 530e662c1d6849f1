import Type, { type Static } from "typebox";
import { UserObject } from "../api/user-object.ts";
import { compileBody, type Validate } from "../http/validate.ts";
import { Rejection } from "../rejection.ts";

/** Users named in one signal: with ids of the greatest length it fits into one message of every adapter. */
export const MAX_USERS_PER_SIGNAL = 250;

const id = Type.String({ maxLength: 64 });
const users = Type.Array(Type.String({ maxLength: 18 }), { maxItems: MAX_USERS_PER_SIGNAL });
const count = Type.Integer({ minimum: 0 });

/** Somebody types, or no more. `offset`: how far its sender had read the log in the chat's partition. */
export const TypingSignal = signal("typing", { chatId: id, userId: id, isTyping: Type.Boolean(), offset: count });

/** An instance is alive. `number`: of the last of its `online` signals. */
export const BeatSignal = signal("beat", { instance: id, number: count });
/** Who came to an instance and who has left it; numbered 1, 2, 3… by instance. */
export const OnlineSignal = signal("online", { instance: id, number: count, came: users, gone: users });
/** Everybody who is at an instance, as of its `online` signal of this number, in parts. */
export const EveryoneSignal = signal("everyone", { instance: id, number: count, part: count, parts: count, users });
/** Somebody has missed what an instance said: it is to say who is there. */
export const AskSignal = signal("ask", { instance: id });

/** An account as it is now. */
export const ProfileSignal = signal("profile", { user: UserObject });

export type TypingSignal = Static<typeof TypingSignal>;
export type EveryoneSignal = Static<typeof EveryoneSignal>;
export type PresenceSignal =
  Static<typeof BeatSignal> | Static<typeof OnlineSignal> | EveryoneSignal | Static<typeof AskSignal>;
export type ProfileSignal = Static<typeof ProfileSignal>;

/** What services tell each other and nobody keeps: it may be lost, and comes once or never. */
export type Signal = TypingSignal | PresenceSignal | ProfileSignal;

const checks: { readonly [Kind in Signal["type"]]: Validate } = {
  typing: compileBody(TypingSignal, "ignore"),
  beat: compileBody(BeatSignal, "ignore"),
  online: compileBody(OnlineSignal, "ignore"),
  everyone: compileBody(EveryoneSignal, "ignore"),
  ask: compileBody(AskSignal, "ignore"),
  profile: compileBody(ProfileSignal, "ignore"),
};

/** One line: JSON holds no line end. */
export const encodeSignal = (one: Signal): string => JSON.stringify(one);

/** Null for what another release has sent, or somebody else: a signal may be lost, so it is. */
export function decodeSignal(line: string): Signal | null {
  try {
    const value = JSON.parse(line) as { readonly type?: unknown } | null;
    const type = value?.type;
    if (typeof type !== "string" || !Object.hasOwn(checks, type)) return null;
    return checks[type as Signal["type"]](value) as Signal;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof Rejection) return null;
    throw error;
  }
}

function signal<Kind extends string, Fields extends Type.TProperties>(type: Kind, fields: Fields) {
  return Type.Object({ type: Type.Literal(type), ...fields });
}
