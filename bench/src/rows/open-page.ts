import { type Browser, type BrowserContext, chromium } from "playwright-core";
import { chromiumPath } from "@chat/shared/testing/chromium";
import type { Bench } from "../bench.ts";
import { httpRequest, openHttpConnection } from "../driver/http-connection.ts";
import { atMost, type Experiment, figure, type Line, type Sample } from "../experiment.ts";
import type { Person } from "../people.ts";
import { median } from "../percentiles.ts";

/** As many as fill a screen. */
const CHATS = 20;
const OPENINGS = 5;
const WITHIN_MS = 60_000;

/** Each opening in a browser profile that has never seen the page: nothing of it is kept from the last one. */
export const openPage: Experiment = {
  name: "page",
  async open(bench) {
    const path = chromiumPath();
    if (path === undefined) return { ours: async () => ({}), close: async () => undefined, maxRounds: 1 };
    const [person] = bench.people;
    if (person === undefined) throw new Error("there is nobody to open the page");
    await makeChats(bench, person);
    const browser = await chromium.launch({ executablePath: path, args: ["--no-sandbox", "--disable-gpu"] });
    return {
      ours: () => measure(bench, browser, person),
      close: () => browser.close(),
      warmUp: true,
    };
  },
  lines: (ours) =>
    "signIn" in ours
      ? [line("sign in", figure(ours, "signIn")), line(`the list of ${String(CHATS)} chats`, figure(ours, "chats"))]
      : [],
};

const line = (what: string, ms: number): Line => ({
  work: `the page in a new browser profile: from opening it until one can use ${what}`,
  unit: "ms",
  floor: null,
  ours: ms,
  required: atMost(1_000),
});

async function makeChats({ port, makeGroup }: Bench, person: Person): Promise<void> {
  const connection = await openHttpConnection(port());
  for (let count = 1; count <= CHATS; count += 1) {
    const chatId = await makeGroup([person]);
    const text = JSON.stringify({ text: `message ${String(count)}` });
    await connection.send(httpRequest("POST", `/api/chats/${chatId}/messages`, person.token, text));
  }
  connection.close();
}

async function measure(bench: Bench, browser: Browser, { id, token }: Person): Promise<Sample> {
  const url = `http://localhost:${String(bench.port())}/`;
  const openings = bench.options.smoke ? 1 : OPENINGS;
  const account = JSON.stringify({ userId: id, accessToken: token, refreshToken: "" });
  // A browser's first page is an empty one, which may keep nothing.
  const signedIn = `if (location.origin !== "null") localStorage.setItem("chat.account", ${JSON.stringify(account)})`;
  const signIn: number[] = [];
  const chats: number[] = [];
  for (let opening = 0; opening < openings; opening += 1) {
    signIn.push(await usableAfterMs(browser, url, "input[name=email]", 1));
    chats.push(await usableAfterMs(browser, url, ".chat-row", CHATS, signedIn));
  }
  return { signIn: median(signIn), chats: median(chats) };
}

/** Until so many elements are there and drawn, by the page's own clock, which begins with the navigation. */
async function usableAfterMs(browser: Browser, url: string, selector: string, count: number, before = "") {
  const context: BrowserContext = await browser.newContext();
  try {
    await context.addInitScript(`${before};
      window.usable = new Promise((resolve) => {
        const look = () => {
          if (document.querySelectorAll(${JSON.stringify(selector)}).length < ${String(count)}) requestAnimationFrame(look);
          else requestAnimationFrame(() => resolve(performance.now()));
        };
        look();
      });`);
    const page = await context.newPage();
    page.setDefaultTimeout(WITHIN_MS);
    await page.goto(url, { waitUntil: "commit" });
    const usable = await page.waitForFunction<unknown>("window.usable");
    return Number(await usable.jsonValue());
  } finally {
    await context.close();
  }
}
