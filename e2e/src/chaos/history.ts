/** What a writer asks for. `key` names a message for ever: it is its `client_message_id`, and its text begins with it. */
export type Call =
  | { readonly f: "send"; readonly chat: string; readonly key: string; readonly text: string }
  | { readonly f: "edit"; readonly chat: string; readonly key: string; readonly text: string }
  | { readonly f: "delete"; readonly chat: string; readonly key: string }
  /** `file` is its name for ever; which bytes it has follows from it. */
  | { readonly f: "attach"; readonly chat: string; readonly key: string; readonly file: string }
  | { readonly f: "read"; readonly chat: string }
  | { readonly f: "add" | "remove"; readonly chat: string; readonly user: string }
  | { readonly f: "get"; readonly chat: string };

/** A message at its place: `[seq, key]`. */
export type Place = readonly [seq: number, key: string];

/** A file of a message: `whole` when it was got and is, byte for byte, what was sent. */
export type Attached = readonly [file: string, download: "whole" | "not whole"];

/** One attempt of a call: a call that is repeated has several, each answered for itself. */
export type Attempt =
  | { readonly type: "invoke"; readonly op: number; readonly process: string; readonly call: Call }
  /** It happened. `seq`: of the message; `upTo`: how far is read; `page`: the newest messages, `stale` if it says so. */
  | {
      readonly type: "ok";
      readonly op: number;
      readonly seq?: number;
      readonly upTo?: number;
      readonly page?: readonly Place[];
      readonly stale?: boolean;
    }
  /** It did not happen, and never will. */
  | { readonly type: "fail"; readonly op: number; readonly why: string }
  /** Nobody knows whether it happened, or will. */
  | { readonly type: "info"; readonly op: number; readonly why: string };

/**
 * What a device is told. A plain one comes back without a word, the server knows from pongs what it has; a resuming one
 * names the cursor behind the last frame that it heard.
 */
export type Told =
  | {
      readonly type: "open";
      readonly connection: number;
      readonly device: string;
      readonly user: string;
      readonly mode: "plain" | "resuming";
    }
  | {
      readonly type: "frame";
      readonly connection: number;
      readonly kind: string;
      readonly chat: string;
      readonly version: number;
      /** Of a new message. */
      readonly seq?: number;
      readonly key?: string;
      readonly text?: string;
      /** Who came or went. */
      readonly user?: string;
      /** Of a new chat. */
      readonly members?: readonly string[];
    }
  /** The server says that a cursor means nothing any more. */
  | { readonly type: "resync"; readonly connection: number }
  /** A ping was heard and answered. */
  | { readonly type: "proof"; readonly connection: number }
  | { readonly type: "close"; readonly connection: number };

/** What is there when everything has come to rest. */
export type Final =
  | {
      readonly type: "message";
      readonly chat: string;
      readonly seq: number;
      readonly key: string;
      readonly sender: string;
      readonly text: string;
      readonly deleted: boolean;
      readonly readCount: number;
      /** Their names, and what was downloaded; absent where there are none. */
      readonly files?: readonly Attached[];
    }
  | {
      readonly type: "listed";
      readonly user: string;
      readonly chat: string;
      readonly unread: number;
      readonly readUpTo: number;
    }
  | { readonly type: "members"; readonly chat: string; readonly readUpTo: Readonly<Record<string, number>> };

export type Remark =
  | { readonly type: "fault"; readonly what: string }
  /** Nothing is killed or paused any more. */
  | { readonly type: "healed" }
  /** How long it took after that until `what` held all; null when it did not come to pass. */
  | { readonly type: "caught-up"; readonly what: string; readonly ms: number | null }
  /** All that is there at rest has been told. */
  | { readonly type: "looked" }
  | { readonly type: "rebuild"; readonly equal: boolean; readonly said: string }
  /** What no client, however bad the weather, should ever see. */
  | { readonly type: "unexpected"; readonly what: string };

/** One line of the file; `t` in milliseconds, by the one clock of the process that plays all clients. */
export type Line = { readonly t: number } & (Attempt | Told | Final | Remark);

type WithoutTime<T> = T extends unknown ? Omit<T, "t"> : never;
export type Entry = WithoutTime<Line>;

/** Writes a line; its time is that of the call. */
export type Note = (entry: Entry) => void;
