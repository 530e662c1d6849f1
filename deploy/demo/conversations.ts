/** What all of them log in with. */
export const demoPassword = "password123";

export const demoPeople = [
  { email: "alice@example.com", name: "Алиса" },
  { email: "bob@example.com", name: "Боб" },
  { email: "charlie@example.com", name: "Чарли" },
  { email: "david@example.com", name: "Дэвид" },
] as const;

export type DemoPerson = (typeof demoPeople)[number]["name"];

export interface DemoLine {
  readonly by: DemoPerson;
  readonly text: string;
}

export const groupName = "Команда проекта";

export const privateLines: readonly DemoLine[] = [
  { by: "Алиса", text: "Привет, Боб! Как дела?" },
  { by: "Боб", text: "Привет! Всё хорошо, только что закончил отчёт." },
  { by: "Алиса", text: "Отлично. Пришлёшь посмотреть?" },
  { by: "Боб", text: "Конечно, через полчаса. Там осталась одна таблица." },
  { by: "Алиса", text: "Не спеши, встреча только завтра в десять." },
  { by: "Боб", text: "Тогда успею ещё и графики поправить." },
  { by: "Алиса", text: "Кстати, обедаем сегодня вместе?" },
  { by: "Боб", text: "Да, давай в час, как обычно." },
  { by: "Алиса", text: "Договорились!" },
  { by: "Боб", text: "До встречи!" },
];

export const groupLines: readonly DemoLine[] = [
  { by: "Алиса", text: "Всем привет! Это чат нашего проекта." },
  { by: "Боб", text: "Привет! Рад быть в команде." },
  { by: "Чарли", text: "Всем доброе утро!" },
  { by: "Дэвид", text: "Привет! С чего начинаем?" },
  { by: "Алиса", text: "Сначала соберём требования, потом план на две недели." },
  { by: "Чарли", text: "Требования к мобильной версии могу взять я." },
  { by: "Боб", text: "А я — сервер и базу данных." },
  { by: "Дэвид", text: "Тогда за мной тесты и выкладка." },
  { by: "Алиса", text: "Прекрасно. Черновик плана будет к вечеру." },
  { by: "Чарли", text: "Когда созваниваемся?" },
  { by: "Алиса", text: "Завтра в десять, ссылку пришлю утром." },
  { by: "Дэвид", text: "Мне подходит." },
  { by: "Боб", text: "Мне тоже." },
  { by: "Чарли", text: "Буду!" },
  { by: "Алиса", text: "Тогда до завтра!" },
];
