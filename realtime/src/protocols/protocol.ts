import type { SocketCommand } from "@chat/shared/commands/command-port";
import type { CommandResult } from "@chat/shared/commands/command-port";
import type { Problem } from "@chat/shared/http/problem";
import type { Rejection } from "@chat/shared/rejection";
import type { SignalTelling } from "../signals/signal-telling.ts";
import type { Telling } from "../tellings.ts";

/** What stands around every telling: which event it comes from, and the stream's cursor before and after that event. */
export interface TellingContext {
  readonly chatId: string;
  readonly version: number;
  readonly before: string;
  readonly at: string;
}

/** What a client's frame asks for. `id` is its own name for the frame, under which it waits for a reply; null: it does not wait. */
export type Incoming =
  | { readonly kind: "command"; readonly id: string | null; readonly command: SocketCommand }
  | { readonly kind: "ack"; readonly id: string | null; readonly cursor: string }
  | { readonly kind: "ping"; readonly id: string | null }
  /** Shows the chat on this socket from now on, or no more; only on sockets that show what is joined. */
  | { readonly kind: "join" | "leave"; readonly id: string | null; readonly chatId: string }
  | { readonly kind: "typing"; readonly id: string | null; readonly chatId: string; readonly isTyping: boolean }
  /** Known by its type, and wrong: it gets a reply when it has an id. */
  | { readonly kind: "refused"; readonly id: string | null; readonly rejection: Rejection }
  /** Not to be understood at all. */
  | { readonly kind: "unreadable"; readonly rejection: Rejection };

/** The frames that tell something: the same for all who hear it, or other ones for one user than for the rest. */
export type Wording =
  readonly string[] | { readonly userId: string; readonly his: readonly string[]; readonly others: readonly string[] };

/** One dialect of the sockets: pure, frames in and tellings out. Texts are JSON or, in a plain dialect, what people read. */
export interface Protocol {
  readonly name: string;
  /** What its words need that an event does not say; it costs a look, so it is found out only where somebody asks. */
  readonly asks?: { readonly authorOfRead?: true; readonly membersAtFullRead?: true };
  /** The same text again within a moment is a repeat, whichever device it comes from: see `repeated-texts.ts`. */
  readonly refusesRepeatedTexts?: true;
  /** Its clients cannot say how far they have got: so what they were told is proved soon, and not at the next heartbeat. */
  readonly provedSoon?: true;
  /** The frames that tell it, in order; none where the dialect has no word for it. */
  framesFor(telling: Telling, context: TellingContext): Wording;
  /** The same for what nobody keeps: typing, presence, changed profiles. Absent: the dialect has no word for any of it. */
  framesForSignal?(telling: SignalTelling): readonly string[];
  /** `shown`: the chat that the socket shows; null where it shows several. */
  incoming(frame: Buffer, shown: string | null): Incoming;
  /** Null where the dialect says nothing. */
  ready(stream: StreamStart): string | null;
  /** The stream has moved on to `at` with nothing for this device. */
  moved(at: string): string | null;
  /** What the client knows is of another log: it fetches a snapshot. */
  resync(): string | null;
  /** The chat is shown from here on: what the device missed there comes next. */
  joined?(chatId: string): string | null;
  /** `id` is null where the client does not wait for a reply: a dialect may have a word for what came of it all the same. */
  done(id: string | null, result: CommandResult | null): string | null;
  refused(id: string | null, problem: Problem): string | null;
}

/** What of it this user hears. */
export function framesTo(userId: string, wording: Wording): readonly string[] {
  if (!("userId" in wording)) return wording;
  return wording.userId === userId ? wording.his : wording.others;
}

export interface StreamStart {
  readonly userId: string;
  readonly deviceId: string;
  readonly cursor: string;
  readonly resumed: boolean;
  readonly heartbeatSeconds: number;
}
