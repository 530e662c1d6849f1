import {
  exampleChat,
  exampleChatId,
  exampleFile,
  exampleMessage,
  exampleMessageId,
  exampleUser,
} from "@chat/shared/api/examples";
import type { FrameFromClient } from "@chat/shared/api/frames-from-clients";
import type { FrameToClient } from "@chat/shared/api/frames-to-clients";
import { rejectionKinds } from "@chat/shared/rejection";

type OfEachKind<Frame extends { readonly type: string }> = {
  readonly [Kind in Frame["type"]]: Extract<Frame, { readonly type: Kind }>;
};

const at = "v1.AAEAAAAAAAAAKg";
const chat_id = exampleChatId;
const place = (version: number) => ({ chat_id, version, at });
const ofMessage = { message_id: exampleMessageId, seq: exampleMessage.seq };
const error = {
  type: "urn:problem-type:chat:not_found",
  title: rejectionKinds.not_found.title,
  status: rejectionKinds.not_found.status,
  detail: "There is no such chat.",
  code: "not_found",
} as const;

/** What Grace's (2) device hears, in the world of the other examples. */
export const framesToldForExample: OfEachKind<FrameToClient> = {
  ready: { type: "ready", user_id: "2", device_id: "phone", cursor: at, resumed: true, heartbeat: 25 },
  cursor: { type: "cursor", at },
  resync: { type: "resync" },
  reply: { type: "reply", id: "7", ok: true, result: { ...exampleMessage, sender_id: "2", files: [] } },
  error: { type: "error", error },
  new_message: { type: "new_message", ...place(2), seq: 1, payload: { ...exampleMessage, files: [] } },
  message_updated: {
    type: "message_updated",
    ...place(4),
    seq: 1,
    payload: { ...exampleMessage, text: "Good morning, all!", edited_at: "2026-03-01T09:33:00.000Z" },
  },
  message_deleted: { type: "message_deleted", ...place(5), seq: 1, payload: { ...ofMessage, by: "1" } },
  file_attached: {
    type: "file_attached",
    ...place(3),
    seq: 1,
    payload: { ...ofMessage, files: [exampleFile], by: "1" },
  },
  create_chat: { type: "create_chat", ...place(1), payload: exampleChat },
  update_chat: { type: "update_chat", ...place(6), payload: { ...exampleChat, name: "All", title: "All", version: 6 } },
  delete_chat: { type: "delete_chat", ...place(10), payload: { ...exampleChat, version: 10 } },
  member_added: {
    type: "member_added",
    ...place(7),
    payload: { user_id: "3", name: "Linus", role: "member", by: "1" },
  },
  member_removed: { type: "member_removed", ...place(9), payload: { user_id: "3", by: "1" } },
  role_changed: { type: "role_changed", ...place(8), payload: { user_id: "3", role: "admin", by: "1" } },
  read: { type: "read", ...place(3), payload: { user_id: "1", up_to: 1, message_id: exampleMessageId } },
  fully_read: { type: "fully_read", ...place(4), payload: { message_ids: [exampleMessageId], up_to: 1 } },
  version: { type: "version", ...place(4) },
  typing: { type: "typing", chat_id, payload: { user_id: "1", is_typing: true } },
  presence: { type: "presence", payload: { user_id: "1", status: "online" } },
  user_updated: { type: "user_updated", payload: { ...exampleUser, city: "Paris" } },
};

/** And what it may send. */
export const framesAskedForExample: OfEachKind<FrameFromClient> = {
  send: { type: "send", id: "7", chat_id, text: "Hello!", client_message_id: "2f1c", reply_to: exampleMessageId },
  read: { type: "read", id: "8", chat_id, up_to: 1 },
  typing: { type: "typing", chat_id, is_typing: true },
  ack: { type: "ack", at },
  ping: { type: "ping", id: "9" },
};
