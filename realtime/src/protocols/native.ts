import type { ControlFrame, SignalFrame } from "@chat/shared/api/frames-to-clients";
import type { Problem } from "@chat/shared/http/problem";
import type { CommandResult } from "@chat/shared/commands/command-port";
import type { SignalTelling } from "../signals/signal-telling.ts";
import type { Telling } from "../tellings.ts";
import { readNativeFrame } from "./native-frames-in.ts";
import { isMessage, messageJson } from "./message-json.ts";
import type { Protocol, StreamStart, TellingContext } from "./protocol.ts";

/** The protocol of `/ws`: one JSON object per frame, each event with its place in the chat and in the stream. */
export const nativeProtocol: Protocol = {
  name: "native",
  framesFor: (telling, context) => [nativeEvent(telling, context)],
  framesForSignal: (telling) => [JSON.stringify(nativeSignal(telling))],
  incoming: readNativeFrame,

  ready: ({ userId, deviceId, cursor, resumed, heartbeatSeconds }: StreamStart) =>
    control({
      type: "ready",
      user_id: userId,
      device_id: deviceId,
      cursor,
      resumed,
      heartbeat: heartbeatSeconds,
    }),

  moved: (at) => control({ type: "cursor", at }),

  resync: () => control({ type: "resync" }),

  done: (id, result) =>
    id === null ? null : control({ type: "reply", id, ok: true, result: result === null ? {} : nativeResult(result) }),

  refused: (id, problem: Problem) =>
    id === null
      ? control({ type: "error", error: problem })
      : control({ type: "reply", id, ok: false, error: problem }),
};

function control(frame: ControlFrame): string {
  return JSON.stringify(frame);
}

function nativeSignal(telling: SignalTelling): SignalFrame {
  switch (telling.kind) {
    case "typing": {
      const { chatId, userId, isTyping } = telling;
      return { type: "typing", chat_id: chatId, payload: { user_id: userId, is_typing: isTyping } };
    }
    case "presence":
      return { type: "presence", payload: { user_id: telling.userId, status: telling.status } };
    case "user_updated":
      return { type: "user_updated", payload: telling.user };
    default:
      return telling satisfies never;
  }
}

/** Written by hand, for it is what a server says most: the parts that need no quoting are only joined. */
function nativeEvent({ kind, seq, payload, more }: Telling, { chatId, version, before, at }: TellingContext): string {
  const place = seq === null ? "" : `,"seq":${seq}`;
  // A client that has only some of an event's frames must get the event again.
  const head = `{"type":"${kind}","chat_id":"${chatId}","version":${version}${place},"at":"${more ? before : at}"`;
  if (kind === "version") return `${head}}`;
  return `${head},"payload":${isMessage(payload) ? messageJson(payload) : JSON.stringify(payload)}}`;
}

function nativeResult(result: CommandResult): (ControlFrame & { type: "reply"; ok: true })["result"] {
  switch (result.type) {
    case "MessageSent":
      return result.message;
    case "Read":
      return {
        chat_id: result.chatId,
        read_up_to: result.readUpTo,
        fully_read: result.fullyRead,
        unread_count: result.unreadCount,
      };
    default:
      return result satisfies never;
  }
}
