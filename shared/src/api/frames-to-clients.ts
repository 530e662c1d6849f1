import Type, { type Static, type TProperties, type TSchema } from "typebox";
import { ChatObject } from "./chat-object.ts";
import { FileObject } from "./file-object.ts";
import { MessageObject } from "./message-object.ts";
import { ProblemObject } from "./problem-object.ts";
import { UserObject } from "./user-object.ts";

/** At most this many ids stand in one `fully_read`; further ones follow in another frame. */
export const MAX_FULLY_READ_IDS = 100;

const role = Type.Union([Type.Literal("owner"), Type.Literal("admin"), Type.Literal("member")]);
const userId = Type.String({ description: "a decimal number in a string" });
const by = Type.String({ description: "who did it" });
const seq = Type.Integer({ minimum: 1, description: "the message's place in its chat: dense, from 1" });
const cursor = Type.String({ description: "opaque; to be given back as `cursor=`" });
const upTo = Type.Integer({ minimum: 0, description: "a seq" });

/** Says where the stream starts; the first frame of every socket. */
export const ReadyFrame = frame("ready", {
  user_id: userId,
  device_id: Type.String(),
  cursor,
  resumed: Type.Boolean({ description: "what was missed since an earlier socket, or since `cursor=`, comes first" }),
  heartbeat: Type.Number({ description: "seconds between the pings that the server sends" }),
});

/** The stream has moved on without an event for this device. */
export const CursorFrame = frame("cursor", { at: cursor });

/** The cursor was of another log: what is known is of no use. Fetch a snapshot, and go on from its `Chat-Position`. */
export const ResyncFrame = frame("resync", {});

const ReadResult = Type.Object(
  { chat_id: Type.String(), read_up_to: upTo, fully_read: Type.Boolean(), unread_count: Type.Integer() },
  { $id: "ReadResult", additionalProperties: false },
);
const Nothing = Type.Object({}, { additionalProperties: false });

/** Answers a frame that had an `id`. */
export const ReplyFrame = Type.Union([
  frame("reply", {
    id: Type.String(),
    ok: Type.Literal(true),
    result: Type.Union([MessageObject, ReadResult, Nothing], { description: "to send: the message; to read: how far" }),
  }),
  frame("reply", { id: Type.String(), ok: Type.Literal(false), error: ProblemObject }),
]);

/** What is wrong with a frame that had no `id`, or could not be read. */
export const ErrorFrame = frame("error", { error: ProblemObject });

export const NewMessageFrame = messageEvent("new_message", MessageObject);
export const MessageUpdatedFrame = messageEvent("message_updated", MessageObject);
export const MessageDeletedFrame = messageEvent(
  "message_deleted",
  Type.Object({ message_id: Type.String(), seq, by }, { additionalProperties: false }),
);

/** Files that were deleted with their message by the time that it is told are left out. */
export const FileAttachedFrame = messageEvent(
  "file_attached",
  Type.Object({ message_id: Type.String(), seq, files: Type.Array(FileObject), by }, { additionalProperties: false }),
);

/** The chat is there from now on: it was made, or this user was let in. */
export const CreateChatFrame = event("create_chat", ChatObject);
export const UpdateChatFrame = event("update_chat", ChatObject);
export const DeleteChatFrame = event("delete_chat", ChatObject);

export const MemberAddedFrame = event(
  "member_added",
  Type.Object(
    { user_id: userId, name: Type.Union([Type.String(), Type.Null()]), role, by },
    { additionalProperties: false },
  ),
);
/** Told to whoever is removed as well: it is the last that he hears of the chat. */
export const MemberRemovedFrame = event(
  "member_removed",
  Type.Object({ user_id: userId, by }, { additionalProperties: false }),
);
export const RoleChangedFrame = event(
  "role_changed",
  Type.Object({ user_id: userId, role, by }, { additionalProperties: false }),
);

/** Somebody has read everything up to a seq. */
export const ReadFrame = event(
  "read",
  Type.Object({ user_id: userId, up_to: upTo, message_id: Type.String() }, { additionalProperties: false }),
);
/** Every other member has read these messages of this user, and all of his up to there. Told to the author alone. */
export const FullyReadFrame = event(
  "fully_read",
  Type.Object(
    { message_ids: Type.Array(Type.String(), { maxItems: MAX_FULLY_READ_IDS }), up_to: upTo },
    { additionalProperties: false },
  ),
);

/**
 * An event of the chat that concerns others alone. So every member hears of every version: the next frame of a chat is of
 * the same version or of the next one, and one that is not says that something is missing.
 */
export const VersionFrame = frame("version", place());

/** What happened in a chat: each has its place there and in the stream. */
export const EventFrame = Type.Union([
  NewMessageFrame,
  MessageUpdatedFrame,
  MessageDeletedFrame,
  FileAttachedFrame,
  CreateChatFrame,
  UpdateChatFrame,
  DeleteChatFrame,
  MemberAddedFrame,
  MemberRemovedFrame,
  RoleChangedFrame,
  ReadFrame,
  FullyReadFrame,
  VersionFrame,
]);
export type EventFrame = Static<typeof EventFrame>;

/** Another member types, or no more. It ends by itself when it was not said again for eight seconds. */
export const TypingFrame = frame("typing", {
  chat_id: Type.String(),
  payload: Type.Object({ user_id: userId, is_typing: Type.Boolean() }, { additionalProperties: false }),
});
/** Of those who share a chat of at most a hundred members. Behind `ready` everybody is offline until it is said otherwise. */
export const PresenceFrame = frame("presence", {
  payload: Type.Object(
    { user_id: userId, status: Type.Union([Type.Literal("online"), Type.Literal("offline")]) },
    { additionalProperties: false },
  ),
});
/** Somebody with whom a chat is shared, or oneself, has another profile now. */
export const UserUpdatedFrame = frame("user_updated", { payload: UserObject });

/** What nobody keeps: it has no place in the stream, is not replayed, and may be lost. */
export const SignalFrame = Type.Union([TypingFrame, PresenceFrame, UserUpdatedFrame]);
export type SignalFrame = Static<typeof SignalFrame>;

export const ControlFrame = Type.Union([ReadyFrame, CursorFrame, ResyncFrame, ReplyFrame, ErrorFrame]);
export type ControlFrame = Static<typeof ControlFrame>;

/** Every frame of the native protocol that a client may hear. */
export type FrameToClient = EventFrame | SignalFrame | ControlFrame;

/** Every schema by its frame's type, and what it tells in a sentence. */
export const framesToClients: { readonly [Kind in FrameToClient["type"]]: FrameDescription } = {
  ready: { schema: ReadyFrame, summary: "Where the stream starts; the first frame" },
  cursor: { schema: CursorFrame, summary: "The stream has moved on without an event for this device" },
  resync: {
    schema: ResyncFrame,
    summary: "The cursor was of another log: fetch a snapshot and go on from its position",
  },
  reply: { schema: ReplyFrame, summary: "The answer to a frame that had an id" },
  error: { schema: ErrorFrame, summary: "What is wrong with a frame without an id; the socket stays" },
  new_message: { schema: NewMessageFrame, summary: "A message was sent" },
  message_updated: { schema: MessageUpdatedFrame, summary: "A message was edited: the whole message" },
  message_deleted: { schema: MessageDeletedFrame, summary: "A message was deleted; its seq stays" },
  file_attached: { schema: FileAttachedFrame, summary: "The sender has added files to a message" },
  create_chat: { schema: CreateChatFrame, summary: "A chat was made, or this user was let in" },
  update_chat: { schema: UpdateChatFrame, summary: "A chat's title, description or picture changed" },
  delete_chat: { schema: DeleteChatFrame, summary: "A chat was deleted: nothing more of it follows" },
  member_added: { schema: MemberAddedFrame, summary: "Somebody is a member now" },
  member_removed: { schema: MemberRemovedFrame, summary: "Somebody is no member any more; his devices hear it too" },
  role_changed: { schema: RoleChangedFrame, summary: "A member's role changed" },
  read: { schema: ReadFrame, summary: "A member has read up to a seq" },
  fully_read: { schema: FullyReadFrame, summary: "All others have read these messages; to their author alone" },
  typing: { schema: TypingFrame, summary: "Another member types, or no more; never replayed" },
  presence: {
    schema: PresenceFrame,
    summary: "Somebody with whom a chat is shared is online or offline; never replayed, told anew behind ready",
  },
  user_updated: {
    schema: UserUpdatedFrame,
    summary:
      "Somebody with whom a chat is shared has another profile; never replayed: ask GET /users?ids= on connecting",
  },
  version: { schema: VersionFrame, summary: "An event of the chat that concerns others alone: no version is left out" },
};

export interface FrameDescription {
  readonly schema: TSchema;
  readonly summary: string;
}

function frame<Kind extends string, Fields extends TProperties>(type: Kind, fields: Fields) {
  return Type.Object({ type: Type.Literal(type), ...fields }, { additionalProperties: false });
}

function event<Kind extends string, Payload extends TSchema>(type: Kind, payload: Payload) {
  return frame(type, { ...place(), payload });
}

function messageEvent<Kind extends string, Payload extends TSchema>(type: Kind, payload: Payload) {
  return frame(type, { ...place(), seq, payload });
}

function place() {
  return {
    chat_id: Type.String(),
    version: Type.Integer({ minimum: 1, description: "the event's number in its chat" }),
    at: Type.String({ description: "the cursor behind this event: opened with it, a socket goes on right after" }),
  };
}
