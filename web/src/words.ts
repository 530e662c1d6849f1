/** All that the page says, in the languages that it speaks. A word that one of them lacks does not compile. */
const english = {
  appName: "Chat",
  signIn: "Sign in",
  signUp: "Create an account",
  email: "E-mail",
  password: "Password",
  passwordHint: "At least 8 characters",
  name: "Name",
  signInInstead: "I have an account",
  signUpInstead: "I am new here",
  signOut: "Sign out",
  wrongCredentials: "Wrong e-mail or password.",
  emailTaken: "This e-mail has an account already.",
  tooMany: "That was too often. Wait a moment and try again.",
  unreachable: "The server does not answer. Try again.",
  chats: "Chats",
  noChats: "No chats yet. Write to somebody!",
  newChat: "New chat",
  close: "Close",
  findPeople: "Find people by name",
  nobodyFound: "Nobody has this name.",
  groupName: "Name of the group",
  groupHint: "Choose one person for a private chat, several for a group.",
  create: "Start",
  back: "Back to the chats",
  chooseChat: "Choose a chat on the left, or start a new one.",
  message: "Message",
  send: "Send",
  edit: "Edit",
  save: "Save",
  cancel: "Cancel",
  remove: "Delete",
  edited: "edited",
  deletedMessage: "This message was deleted.",
  deletedUser: "Somebody",
  you: "You",
  online: "online",
  sending: "on its way",
  sent: "sent",
  readByAll: "read by all",
  refused: "not sent",
  discard: "Discard",
  earlier: "Earlier messages are loading…",
  beginning: "This is where it begins.",
  nothingYet: "Nothing was said yet.",
  newMessages: "New messages",
  connecting: "Connecting…",
  disconnected: "Connection lost. Everything is kept and goes on by itself.",
  today: "Today",
  yesterday: "Yesterday",
  members: (count: number): string => `${String(count)} ${count === 1 ? "member" : "members"}`,
  unread: (count: number): string => `${String(count)} unread`,
  readBy: (count: number): string => `read by ${String(count)}`,
  typing: (names: readonly string[]): string =>
    names.length === 1 ? `${names[0] ?? ""} is typing…` : `${names.join(", ")} are typing…`,
};

export type Words = typeof english;

const russian: Words = {
  appName: "Чат",
  signIn: "Войти",
  signUp: "Создать аккаунт",
  email: "Почта",
  password: "Пароль",
  passwordHint: "Не короче 8 символов",
  name: "Имя",
  signInInstead: "У меня есть аккаунт",
  signUpInstead: "Я здесь впервые",
  signOut: "Выйти",
  wrongCredentials: "Неверная почта или пароль.",
  emailTaken: "На эту почту уже есть аккаунт.",
  tooMany: "Слишком часто. Подождите немного и попробуйте снова.",
  unreachable: "Сервер не отвечает. Попробуйте ещё раз.",
  chats: "Чаты",
  noChats: "Чатов пока нет. Напишите кому-нибудь!",
  newChat: "Новый чат",
  close: "Закрыть",
  findPeople: "Поиск людей по имени",
  nobodyFound: "С таким именем никого нет.",
  groupName: "Название группы",
  groupHint: "Один человек — личный чат, несколько — группа.",
  create: "Начать",
  back: "К списку чатов",
  chooseChat: "Выберите чат слева или начните новый.",
  message: "Сообщение",
  send: "Отправить",
  edit: "Изменить",
  save: "Сохранить",
  cancel: "Отмена",
  remove: "Удалить",
  edited: "изменено",
  deletedMessage: "Сообщение удалено.",
  deletedUser: "Кто-то",
  you: "Вы",
  online: "в сети",
  sending: "отправляется",
  sent: "отправлено",
  readByAll: "прочитано всеми",
  refused: "не отправлено",
  discard: "Убрать",
  earlier: "Загружаются более ранние сообщения…",
  beginning: "Здесь всё начинается.",
  nothingYet: "Пока ничего не сказано.",
  newMessages: "Новые сообщения",
  connecting: "Подключение…",
  disconnected: "Связь потеряна. Ничего не пропадёт, всё продолжится само.",
  today: "Сегодня",
  yesterday: "Вчера",
  members: (count) => `${String(count)} ${russianPlural(count, "участник", "участника", "участников")}`,
  unread: (count) => `${String(count)} ${russianPlural(count, "непрочитанное", "непрочитанных", "непрочитанных")}`,
  readBy: (count) => `прочитали: ${String(count)}`,
  typing: (names) => (names.length === 1 ? `${names[0] ?? ""} печатает…` : `${names.join(", ")} печатают…`),
};

const russianRules = new Intl.PluralRules("ru");

function russianPlural(count: number, one: string, few: string, many: string): string {
  const rule = russianRules.select(count);
  return rule === "one" ? one : rule === "few" ? few : many;
}

export interface Language {
  readonly code: "en" | "ru";
  readonly words: Words;
}

/** The first of the reader's languages that the page speaks; English when there is none. */
export function chooseLanguage(preferred: readonly string[]): Language {
  for (const tag of preferred) {
    const code = tag.toLowerCase().split("-")[0];
    if (code === "ru") return { code, words: russian };
    if (code === "en") return { code, words: english };
  }
  return { code: "en", words: english };
}
