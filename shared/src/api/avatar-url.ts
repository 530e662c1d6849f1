/** Enough of a file's key to tell one picture from the next. */
const MARK_CHARACTERS = 8;

/** Where a picture is got; null without one. Another picture has another URL, so that whoever holds the old one sees it at once. */
export function avatarUrl(owner: `/chats/${string}` | `/users/${string}`, key: string | null): string | null {
  return key === null ? null : `${owner}/avatar?v=${encodeURIComponent(key.slice(-MARK_CHARACTERS))}`;
}
