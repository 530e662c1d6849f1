import { CannotStart } from "@chat/shared/cannot-start";
import type { Call, ChatApi } from "./chat-api.ts";
import {
  demoPassword,
  demoPeople,
  groupLines,
  groupName,
  privateLines,
  type DemoLine,
  type DemoPerson,
} from "./conversations.ts";
import { textIn } from "./text-in.ts";

/** Names what is made here for ever: a second run finds it by these keys. */
const keyOf = { group: "demo-team", privateLine: "demo-private", groupLine: "demo-team" } as const;

interface Person {
  readonly id: string;
  readonly token: string;
}

export interface Filled {
  /** What was not there before. */
  readonly made: { readonly people: number; readonly chats: number; readonly messages: number };
  /** Messages that were not written: who would write them has left the chat, or it was deleted. */
  readonly leftOut: number;
}

/** Four people, a private chat and a group, through the doors that everybody uses. What is there already stays as it is. */
export async function fillChat(api: ChatApi): Promise<Filled> {
  const made = { people: 0, chats: 0, messages: 0 };
  let leftOut = 0;
  const people = new Map<DemoPerson, Person>();

  for (const { email, name } of demoPeople) {
    const registered = await api.call("POST", "/register", { body: { email, name, password: demoPassword } });
    if (registered.status === 201) made.people += 1;
    else if (registered.status !== 409) throw refused(`${email} could not be registered`, registered);
    const account = registered.status === 201 ? registered : await logIn(email);
    people.set(name, { id: textIn(account.body, "id"), token: textIn(account.body, "access_token") });
  }

  await converse(
    await makeChat({ chat_type: "private", member_ids: [personCalled("Боб").id] }),
    keyOf.privateLine,
    privateLines,
  );
  const others = demoPeople.slice(1).map(({ name }) => personCalled(name).id);
  await converse(
    await makeChat({ chat_type: "group", name: groupName, member_ids: others }, keyOf.group),
    keyOf.groupLine,
    groupLines,
  );
  return { made, leftOut };

  async function logIn(email: string) {
    const answer = await api.call("POST", "/login", { body: { email, password: demoPassword } });
    if (answer.status === 401) {
      throw new CannotStart(`${email} is there already, with another password than ${demoPassword}`);
    }
    if (answer.status !== 200) throw refused(`${email} could not log in`, answer);
    return answer;
  }

  function personCalled(name: DemoPerson): Person {
    const person = people.get(name);
    if (person === undefined) throw new Error(`${name} has not been registered`);
    return person;
  }

  /** Null when it was made before, and she who made it is not in it any more. */
  async function makeChat(body: object, key?: string): Promise<string | null> {
    const call: Call = { token: personCalled("Алиса").token, body, ...(key === undefined ? {} : { key }) };
    const answer = await api.call("POST", "/chats", call);
    if (answer.status === 404) return null;
    if (answer.status === 201) made.chats += 1;
    else if (answer.status !== 200) throw refused("a chat could not be made", answer);
    return textIn(answer.body, "chat_id");
  }

  /** One after the other: their order is what makes it a conversation. */
  async function converse(chatId: string | null, key: string, lines: readonly DemoLine[]): Promise<void> {
    if (chatId === null) {
      leftOut += lines.length;
      return;
    }
    for (const [index, { by, text }] of lines.entries()) {
      const body = { text, client_message_id: `${key}-${String(index + 1)}` };
      const answer = await api.call("POST", `/chats/${chatId}/messages`, { token: personCalled(by).token, body });
      if (answer.status === 201) made.messages += 1;
      else if (answer.status === 404) leftOut += 1;
      else if (answer.status !== 200) throw refused(`"${text}" could not be sent`, answer);
    }
  }
}

function refused(what: string, { status, body }: { readonly status: number; readonly body: unknown }): CannotStart {
  return new CannotStart(`${what}: ${String(status)} ${JSON.stringify(body)}`);
}
