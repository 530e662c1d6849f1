import { expect, it } from "@jest/globals";
import { useChat } from "../harness/embedded-chat.ts";
import { describeWithBrowser, wide, WITHIN_MS } from "./browser.ts";
import { openChat, signUp, startGroup } from "./people.ts";

const telephone = { ...wide, viewport: { width: 400, height: 780 } };

describeWithBrowser("a dialog about a chat", (newPerson) => {
  const chat = useChat();

  it.each(["Picture of the group", "Members"])(
    "ends with its chat, and is not about the one that is opened next: %s",
    async (name) => {
      const ann = await newPerson(chat.url, telephone);
      const page = await ann.openWindow();
      const id = name.length;
      await signUp(page, "en", "Ann", `ann${String(id)}@example.com`);
      const ben = await newPerson(chat.url, wide);
      await signUp(await ben.openWindow(), "en", `Ben${String(id)}`, `ben${String(id)}@example.com`);
      const cleo = await newPerson(chat.url, wide);
      await signUp(await cleo.openWindow(), "en", `Cleo${String(id)}`, `cleo${String(id)}@example.com`);
      const people = [`Ben${String(id)}`, `Cleo${String(id)}`];
      await startGroup(page, "en", "Alpha", people);
      await page.goBack();
      await startGroup(page, "en", "Beta", people);
      await page.goBack();

      await openChat(page, "Alpha");
      await page.getByRole("button", { name: name === "Members" ? "3 members" : name }).click();
      const dialog = page.getByRole("dialog");
      await dialog.waitFor();
      await page.goBack();
      await dialog.waitFor({ state: "detached" });
      await openChat(page, "Beta");
      await page.getByRole("heading", { name: "Beta" }).waitFor();
      expect(await dialog.count()).toBe(0);
      expect(ann.complaints()).toEqual([]);
    },
    3 * WITHIN_MS,
  );
});
