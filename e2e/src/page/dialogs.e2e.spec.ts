import { beforeAll, expect, it } from "@jest/globals";
import type { Page } from "playwright-core";
import { useChat } from "../harness/embedded-chat.ts";
import { describeWithBrowser, type Person, wide, WITHIN_MS } from "./browser.ts";
import { openChat, signUp, startGroup } from "./people.ts";

const telephone = { ...wide, viewport: { width: 400, height: 780 } };

describeWithBrowser("a dialog about a chat", (newPerson) => {
  const chat = useChat();
  let ann: Person;
  let page: Page;

  beforeAll(async () => {
    for (const name of ["Ben", "Cleo"]) {
      const person = await newPerson(chat.url, wide);
      await signUp(await person.openWindow(), "en", name, `${name}@example.com`);
    }
    ann = await newPerson(chat.url, telephone);
    page = await ann.openWindow();
    await signUp(page, "en", "Ann", "ann@example.com");
    for (const name of ["Alpha", "Beta"]) {
      await startGroup(page, "en", name, ["Ben", "Cleo"]);
      await page.goBack();
    }
  }, 4 * WITHIN_MS);

  it.each(["Name and picture of the group", "3 members"])(
    "ends with its chat, and is not about the one that is opened next: %s",
    async (opens) => {
      await openChat(page, "Alpha");
      await page.getByRole("button", { name: opens }).click();
      const dialog = page.getByRole("dialog");
      await dialog.waitFor();
      await page.goBack();
      await dialog.waitFor({ state: "detached" });
      await openChat(page, "Beta");
      await page.getByRole("heading", { name: "Beta" }).waitFor();
      expect(await dialog.count()).toBe(0);
      await page.goBack();
      expect(ann.complaints()).toEqual([]);
    },
    3 * WITHIN_MS,
  );
});
