import type { FileObject } from "@chat/shared/api/file-object";
import type { ClientState, OutgoingFile } from "./state.ts";

/** They wait for their message to be sent, and then for each other. */
export function filesChosen(state: ClientState, files: readonly OutgoingFile[]): ClientState {
  return files.length === 0 ? state : { ...state, uploads: [...state.uploads, ...files] };
}

export function fileProgressed(state: ClientState, key: string, sentBytes: number): ClientState {
  return changed(state, key, (file) => ({ ...file, status: "sending", sentBytes: Math.min(sentBytes, file.size) }));
}

export function fileRefused(state: ClientState, key: string, problem: OutgoingFile["problem"]): ClientState {
  return changed(state, key, (file) => ({ ...file, status: "refused", problem }));
}

/** Acknowledged: a file of its message from here on, without waiting for the stream to say it too. */
export function fileSent(
  state: ClientState,
  sent: { readonly key: string; readonly chatId: string; readonly messageId: string },
  files: readonly FileObject[],
): ClientState {
  const uploads = state.uploads.filter(({ key }) => key !== sent.key);
  const chat = state.chats.get(sent.chatId);
  const index = chat?.messages.findIndex(({ id }) => id === sent.messageId) ?? -1;
  const message = chat?.messages[index];
  if (chat === undefined || message === undefined || message.deleted) return { ...state, uploads };
  const more = files.filter(({ id }) => message.files.every((file) => file.id !== id));
  const messages = chat.messages.with(index, { ...message, files: [...message.files, ...more] });
  return { ...state, uploads, chats: new Map(state.chats).set(sent.chatId, { ...chat, messages }) };
}

export function filesDiscarded(state: ClientState, isDiscarded: (file: OutgoingFile) => boolean): ClientState {
  return { ...state, uploads: state.uploads.filter((file) => !isDiscarded(file)) };
}

function changed(state: ClientState, key: string, change: (file: OutgoingFile) => OutgoingFile): ClientState {
  return { ...state, uploads: state.uploads.map((file) => (file.key === key ? change(file) : file)) };
}
