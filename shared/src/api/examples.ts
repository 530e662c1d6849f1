/** What the documents show, in one world: Ada (1) and Grace (2) are in a group, and Ada has written there. */
export const exampleUser = { id: "1", name: "Ada", city: "London", avatar: "/users/1/avatar?v=5f0c9a1e" };
export const exampleEmail = "ada@example.org";
export const examplePassword = "a phrase of several words";

export const exampleChatId = "0199a1b2-c3d4-7e5f-8a6b-7c8d9e0f1a2b";
export const exampleMessageId = `${exampleChatId}.1`;

export const exampleFile = {
  id: `${exampleMessageId}.1`,
  name: "plan.pdf",
  type: "application/pdf",
  size: 48_213,
  url: `/files/${exampleMessageId}.1`,
};

export const exampleChat = {
  id: exampleChatId,
  chat_id: exampleChatId,
  chat_type: "group" as const,
  type: "group" as const,
  name: "The team",
  title: "The team",
  description: "What we do today",
  avatar: null,
  creator_id: "1",
  member_ids: ["1", "2"],
  created_at: "2026-03-01T09:30:00.000Z",
  updated_at: "2026-03-01T09:30:00.000Z",
  version: 1,
};

export const exampleMessage = {
  id: exampleMessageId,
  chat_id: exampleChatId,
  seq: 1,
  sender_id: "1",
  text: "Good morning!",
  client_message_id: null,
  reply_to: null,
  created_at: "2026-03-01T09:31:00.000Z",
  timestamp: "2026-03-01T09:31:00.000Z",
  edited_at: null,
  deleted: false,
  is_read: false,
  read: false,
  read_count: 0,
  files: [exampleFile],
};
