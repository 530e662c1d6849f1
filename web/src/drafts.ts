import { createEdits, type Edits } from "./edits.ts";
import { createKeptTexts } from "./kept-texts.ts";

/** What was begun in a chat and not sent. */
export interface Draft {
  readonly text: string;
  /** The message that is being answered. */
  readonly replyTo: string | null;
  readonly files: readonly File[];
}

/** By chat, as long as the window is open; across a reload without the files, so the page asks before it is left with some. */
export interface Drafts {
  of(chatId: string): Draft;
  keep(chatId: string, draft: Draft): void;
  /** Puts more behind what was begun there already. */
  add(chatId: string, more: Draft): void;
  readonly edits: Edits;
  /** Whether in any chat files wait to be sent. */
  hasFiles(): boolean;
}

/** Of more chats the one that was written in longest ago is let go. */
const MAX_DRAFTS = 50;

export function createDrafts(userId: string): Drafts {
  const kept = createKeptTexts<readonly (readonly [string, Omit<Draft, "files">])[]>(`chat.drafts.${userId}`);
  const edits = createEdits(userId);
  const drafts = new Map<string, Draft>(kept.read()?.map(([chatId, draft]) => [chatId, { ...draft, files: [] }]));

  const of = (chatId: string): Draft => drafts.get(chatId) ?? { text: "", replyTo: null, files: [] };

  function keep(chatId: string, draft: Draft): void {
    const isEmpty = draft.text === "" && draft.replyTo === null && draft.files.length === 0;
    if (isEmpty && !drafts.has(chatId)) return;
    // The newest stands last.
    drafts.delete(chatId);
    if (!isEmpty) drafts.set(chatId, draft);
    const [oldest] = drafts.keys();
    if (drafts.size > MAX_DRAFTS && oldest !== undefined) drafts.delete(oldest);
    kept.write([...drafts].map(([id, { text, replyTo }]) => [id, { text, replyTo }]));
  }

  return {
    of,
    keep,
    add(chatId, more) {
      const { text, replyTo, files } = of(chatId);
      const both = [text, more.text].filter((said) => said !== "").join("\n");
      keep(chatId, { text: both, replyTo: replyTo ?? more.replyTo, files: [...files, ...more.files] });
    },
    edits,
    hasFiles: () => [...drafts.values()].some(({ files }) => files.length > 0),
  };
}
