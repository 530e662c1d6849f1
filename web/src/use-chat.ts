import { useEffect, useMemo, useState } from "preact/hooks";
import { type ChatClient, createChatClient } from "@chat/client/chat-client";
import { type ClientState } from "@chat/client/state";
import type { AccountStore } from "./account.ts";
import { deviceOfWindow } from "./changes.ts";
import { useWords } from "./language.ts";
import { sendFormWithProgress } from "./send-form.ts";
import { createUnsent, type Unsent } from "./unsent.ts";

const NETWORK_CHANGES = ["offline", "online"] as const;

export type Connection = "connecting" | "connected" | "disconnected";

export interface UsedChat {
  readonly client: ChatClient;
  readonly state: ClientState;
  readonly connection: Connection;
  readonly unsent: Unsent;
}

/** The client of this window, as long as it shows the account's chats. */
export function useChat(accounts: AccountStore, url: string): UsedChat {
  const client = useMemo(
    () =>
      createChatClient({
        ...{ url, credentials: accounts.credentials, device: deviceOfWindow() },
        fetch: (...sent) => fetch(...sent),
        sendForm: sendFormWithProgress,
      }),
    [accounts, url],
  );
  const words = useWords();
  const unsent = useMemo(() => createUnsent(accounts.current()?.userId ?? "", words), [accounts, words]);
  const [state, setState] = useState(client.state());
  const [connection, setConnection] = useState<Connection>("connecting");

  useEffect(() => {
    const endKeeping = unsent.keep(client);
    const end = client.subscribe((news) => {
      if (news.type === "state") setState(news.state);
      else if (news.type === "connected") setConnection("connected");
      else if (news.type === "disconnected") setConnection("disconnected");
      else if (news.type === "signed_out") void accounts.signOut();
    });
    setState(client.state());
    client.start();
    return () => {
      end();
      endKeeping();
      void client.stop();
    };
  }, [client, accounts, unsent]);

  useEffect(() => {
    for (const change of NETWORK_CHANGES) addEventListener(change, client.networkChanged);
    return () => {
      for (const change of NETWORK_CHANGES) removeEventListener(change, client.networkChanged);
    };
  }, [client]);

  return { client, state, connection, unsent };
}
