import { afterAll, beforeAll, describe } from "@jest/globals";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { chromiumPath } from "@chat/shared/testing/chromium";

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

/** A desk and a telephone, and people who want different things of them. */
export const wide = { locale: "en-US", colorScheme: "light", viewport: { width: 1_200, height: 760 } } as const;
export const narrow = { locale: "ru-RU", colorScheme: "dark", viewport: { width: 400, height: 780 } } as const;

/** Somebody with a browser of his own, who sees the page at that address. */
export type NewPerson = (url: () => Promise<string>, options: PersonOptions) => Promise<Person>;

/** A suite that looks at the page. Without a Chromium it is skipped, which is said aloud; in continuous integration that fails. */
export function describeWithBrowser(title: string, suite: (newPerson: NewPerson) => void): void {
  const executablePath = chromiumPath();
  (executablePath === undefined ? describe.skip : describe)(title, () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: executablePath ?? "", args: FLAGS });
    }, WITHIN_MS);
    suite((url, options) => openPerson(browser, url, options));
    afterAll(() => browser.close(), WITHIN_MS);
  });
}

async function openPerson(browser: Browser, url: () => Promise<string>, options: PersonOptions): Promise<Person> {
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
