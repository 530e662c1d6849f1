import { createKeptTexts } from "./kept-texts.ts";

export interface Edit {
  /** What the message is to say. */
  readonly text: string;
  /** What it said when the change was begun. */
  readonly before: string;
}

/** Messages whose text is being changed, by their ids; across chats and a reload. */
export interface Edits {
  /** Undefined when nobody changes it, or it says that already. */
  of(message: { readonly id: string; readonly text: string }): Edit | undefined;
  keep(messageId: string, edit: Edit): void;
  drop(messageId: string): void;
}

/** Of more the one that was written in longest ago is let go. */
const MAX_EDITS = 50;

export function createEdits(userId: string): Edits {
  const kept = createKeptTexts<readonly (readonly [string, Edit])[]>(`chat.edits.${userId}`);
  const edits = new Map<string, Edit>(kept.read());

  function drop(messageId: string): void {
    if (edits.delete(messageId)) kept.write([...edits]);
  }

  return {
    of({ id, text }) {
      const edit = edits.get(id);
      // It was saved, and the page was left before it heard of that.
      return edit?.text === text ? undefined : edit;
    },
    keep(messageId, edit) {
      // The newest stands last.
      edits.delete(messageId);
      edits.set(messageId, edit);
      const [oldest] = edits.keys();
      if (edits.size > MAX_EDITS && oldest !== undefined) edits.delete(oldest);
      kept.write([...edits]);
    },
    drop,
  };
}
