import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

/** It talks to nobody but the page: no updates, no lists, no sync. As root it has no sandbox to offer. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A browser's part of a story: a person with windows, and what went wrong in them. */
export interface Person {
  /** One more window of the same browser, where the same account is signed in. */
  openWindow(): Promise<Page>;
  /** Whatever a window complained of, or asked another address for. */
  complaints(): readonly string[];
}

export interface PersonOptions {
  readonly locale: "en-US" | "ru-RU";
  readonly colorScheme: "light" | "dark";
  readonly viewport: { readonly width: number; readonly height: number };
}

export const startBrowser = (executablePath: string): Promise<Browser> =>
  chromium.launch({ executablePath, args: FLAGS });

export async function newPerson(browser: Browser, url: () => Promise<string>, options: PersonOptions): Promise<Person> {
  const context: BrowserContext = await browser.newContext({ ...options });
  const complaints: string[] = [];
  context.on("request", (request) => {
    if (!allowed(request.url())) complaints.push(`asked ${request.url()}`);
  });
  context.on("console", (message) => {
    // A server that is killed in a story is away for a while, which Chromium tells of each time that it is asked.
    if (message.type() === "error" && !/ERR_CONNECTION|WebSocket connection to/.test(message.text()))
      complaints.push(message.text());
  });
  context.on("weberror", (error) => complaints.push(String(error.error())));

  return {
    async openWindow() {
      const page = await context.newPage();
      page.setDefaultTimeout(WITHIN_MS);
      await page.goto(await url());
      return page;
    },
    complaints: () => complaints,
  };
}

/** For whatever a story waits for, on a machine that does other things too. */
export const WITHIN_MS = 60_000;

const allowed = (url: string): boolean => /^(https?:\/\/(localhost|127\.0\.0\.1):|data:|blob:)/.test(url);
