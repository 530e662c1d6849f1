import { expect, it } from "@jest/globals";
import type { Page } from "playwright-core";
import { useChat } from "../harness/embedded-chat.ts";
import { describeWithBrowser, wide, WITHIN_MS } from "./browser.ts";

describeWithBrowser("who makes an account", (newPerson) => {
  const chat = useChat();

  it.each([
    ["email", "notanemail", "This is no e-mail address."],
    ["name", "   ", "A name cannot be empty"],
    ["name", "\u200b", "A name cannot be empty"],
    ["password", "😀😀😀😀", "This password is too short"],
  ])(
    "is told which field is wrong: %s",
    async (field, value, told) => {
      const page = await (await newPerson(chat.url, wide)).openWindow();
      await page.getByRole("button", { name: "I am new here" }).click();
      await fill(page, { name: "Ann", email: "ann@example.com", password: "password123", [field]: value });
      await page.getByRole("button", { name: "Create an account" }).click();
      await page.getByRole("alert").getByText(told).waitFor();
      expect(await page.getByRole("alert").count()).toBe(1);
    },
    2 * WITHIN_MS,
  );
});

async function fill(page: Page, fields: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, value] of Object.entries(fields)) await page.locator(`input[name=${name}]`).fill(value);
}
