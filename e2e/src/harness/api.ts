/** What the API answers, as a client reads it. Written from its description, not from its code: a rename there must break a story here. */
export interface Message {
  readonly id: string;
  readonly chat_id: string;
  readonly seq: number;
  readonly sender_id: string;
  readonly text: string;
  readonly client_message_id: string | null;
  readonly reply_to: string | null;
  readonly created_at: string;
  readonly timestamp: string;
  readonly edited_at: string | null;
  readonly deleted: boolean;
  readonly is_read: boolean;
  readonly read: boolean;
  readonly read_count: number;
  readonly files: readonly File[];
}

export interface File {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly size: number;
  readonly url: string;
}

export interface Chat {
  readonly id: string;
  readonly chat_id: string;
  readonly chat_type: "private" | "group";
  readonly type: "private" | "group";
  readonly name: string | null;
  readonly title: string | null;
  readonly description: string | null;
  readonly avatar: string | null;
  readonly creator_id: string;
  readonly member_ids: readonly string[];
  readonly created_at: string;
  readonly updated_at: string;
  readonly version: number;
}

export interface ListedChat extends Chat {
  readonly last_message: Message | null;
  readonly unread_count: number;
  readonly my_role: "owner" | "admin" | "member";
  readonly read_up_to: number;
}

export interface Member {
  readonly user_id: string;
  readonly id: string;
  readonly name: string;
  readonly role: "owner" | "admin" | "member";
  readonly read_up_to: number;
  readonly joined_at: string;
}

export interface Unread {
  readonly total: number;
  readonly chats: Readonly<Record<string, number>>;
}

export interface ReadAnswer {
  readonly message: string;
  readonly chat_id: string;
  readonly read_up_to: number;
  readonly fully_read: boolean;
  readonly unread_count: number;
}

export interface Account {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly city: string | null;
  readonly avatar: string | null;
  readonly access_token: string;
  readonly token_type: "bearer";
  readonly expires_in: number;
}

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: string;
  readonly request_id: string;
  readonly errors?: readonly { readonly in: string; readonly pointer: string; readonly detail: string }[];
}

/** What comes on a socket; which fields there are depends on the type. */
export interface Frame {
  readonly type: string;
  readonly chat_id?: string;
  readonly version?: number;
  readonly seq?: number;
  readonly at?: string;
  readonly payload?: unknown;
  readonly [field: string]: unknown;
}
