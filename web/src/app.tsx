import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import type { AccountStore } from "./account.ts";
import { Chats } from "./chats.tsx";
import { forgetTextsOfOthers } from "./kept-texts.ts";
import { forgetPlace } from "./opened-chat.ts";
import { SignIn } from "./sign-in.tsx";

/** One account at a time, in all windows alike. */
export function App({ accounts, url }: { readonly accounts: AccountStore; readonly url: string }) {
  const [userId, setUserId] = useState(accounts.current()?.userId);
  useEffect(() => accounts.subscribe(() => setUserId(accounts.current()?.userId)), [accounts]);
  // When the last account's chats are gone: what they still kept goes too. Why a session has ended nobody says.
  useLayoutEffect(() => {
    forgetTextsOfOthers(userId);
    if (userId === undefined) forgetPlace();
  }, [userId]);
  if (userId === undefined) return <SignIn accounts={accounts} />;
  // Another account is another page: nothing of the last one is left.
  return <Chats key={userId} accounts={accounts} url={url} />;
}
