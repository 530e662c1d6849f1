import type { Page } from "playwright-core";

/** What the page says where a story has to press or fill something, in the languages of the two who play it. */
const words = {
  en: {
    isNew: "I am new here",
    name: "Name",
    email: "E-mail",
    password: "Password",
    signUp: "Create an account",
    newChat: "New chat",
    find: "Find people by name",
    groupName: "Name of the group",
    start: "Start",
    message: "Message",
  },
  ru: {
    isNew: "Я здесь впервые",
    name: "Имя",
    email: "Почта",
    password: "Пароль",
    signUp: "Создать аккаунт",
    newChat: "Новый чат",
    find: "Поиск людей по имени",
    groupName: "Название группы",
    start: "Начать",
    message: "Сообщение",
  },
} as const;

export type Language = keyof typeof words;

export async function signUp(page: Page, language: Language, name: string, email: string): Promise<void> {
  const say = words[language];
  await page.getByRole("button", { name: say.isNew }).click();
  await page.getByLabel(say.name, { exact: true }).fill(name);
  await page.getByLabel(say.email).fill(email);
  await page.getByLabel(say.password).fill("password123");
  await page.getByRole("button", { name: say.signUp }).click();
  await page.getByRole("button", { name: say.newChat }).waitFor();
}

export function startChat(page: Page, language: Language, withWhom: string): Promise<void> {
  return start(page, language, [withWhom]);
}

export function startGroup(page: Page, language: Language, name: string, people: readonly string[]): Promise<void> {
  return start(page, language, people, name);
}

async function start(page: Page, language: Language, people: readonly string[], groupName?: string): Promise<void> {
  const say = words[language];
  await page.getByRole("button", { name: say.newChat }).click();
  for (const person of people) {
    await page.getByLabel(say.find).fill(person);
    await page.getByRole("checkbox", { name: person }).check();
  }
  if (groupName !== undefined) await page.getByLabel(say.groupName).fill(groupName);
  await page.getByRole("button", { name: say.start }).click();
  await page.getByLabel(say.message, { exact: true }).waitFor();
}

export async function openChat(page: Page, name: string): Promise<void> {
  await page.getByRole("navigation").getByRole("button", { name }).click();
}

export async function write(page: Page, language: Language, text: string): Promise<void> {
  const field = page.getByLabel(words[language].message, { exact: true });
  await field.fill(text);
  await field.press("Enter");
}

/** The messages as they stand in the conversation, oldest first, without those on their way. */
export function messagesOf(page: Page): Promise<readonly string[]> {
  return page.getByRole("log").locator("article:not(.outgoing) .text").allInnerTexts();
}

/** Writes to the only chat of somebody who signed up, by the API: many lines are soon there. */
export async function writeWithoutPage(url: string, email: string, texts: readonly string[]): Promise<void> {
  const { post, chat } = await withoutPage(url, email);
  for (const text of texts) await post(`/chats/${chat}/messages`, { text });
}

/** Likewise answers the first message of that chat. */
export async function answerFirst(url: string, email: string, text: string): Promise<void> {
  const { get, post, chat } = await withoutPage(url, email);
  const [first] = (await get(`/chats/${chat}/messages?after=0&limit=1`)) as readonly { readonly id: string }[];
  await post(`/chats/${chat}/messages`, { text, reply_to: first?.id });
}

/** Takes somebody out of the group that was last active, or lets him in again: what its owner may. */
export async function changeMember(url: string, email: string, change: "remove" | "add", userId: string) {
  const { post, remove, chat } = await withoutPage(url, email);
  if (change === "remove") await remove(`/chats/${chat}/members/${userId}`);
  else await post(`/chats/${chat}/members?user_id=${userId}`, {});
}

async function withoutPage(url: string, email: string) {
  const call = async (path: string, token: string, body?: object, method = "POST"): Promise<unknown> => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
    const sent = body === undefined ? {} : { method, body: JSON.stringify(body) };
    const answer = await fetch(`${url}/api${path}`, { headers, ...sent });
    if (!answer.ok) throw new Error(`${path} was answered with ${String(answer.status)}`);
    return answer.status === 204 ? undefined : answer.json();
  };
  const loggedIn = await call("/auth/login", "none", { email, password: "password123" });
  const token = (loggedIn as { readonly access_token: string }).access_token;
  const [chat] = (await call("/chats", token)) as readonly { readonly id: string }[];
  return {
    chat: chat?.id ?? "",
    get: (path: string) => call(path, token),
    post: (path: string, body: object) => call(path, token, body),
    remove: (path: string) => call(path, token, {}, "DELETE"),
  };
}
