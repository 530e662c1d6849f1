import { readFile } from "node:fs/promises";
import type { JSHandle, Locator, Page } from "playwright-core";

export interface SomeFile {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

/** Drags a file over a place; `drop` lets it fall there. */
export async function dragOver(page: Page, place: Locator, file: SomeFile): Promise<{ drop(): Promise<void> }> {
  const dataTransfer = await transferOf(page, file);
  await place.dispatchEvent("dragover", { dataTransfer });
  return { drop: () => place.dispatchEvent("drop", { dataTransfer }) };
}

/** Pastes one after the other, and leaves the page no time in between. */
export async function paste(page: Page, field: Locator, files: readonly [SomeFile, SomeFile]): Promise<void> {
  const [one, other] = [await transferOf(page, files[0]), await transferOf(page, files[1])];
  const both = await page.evaluateHandle((transfers) => transfers, [one, other]);
  await field.evaluate((element, transfers) => {
    for (const clipboardData of transfers)
      element.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
  }, both);
}

/** What a browser gives a page when somebody brings a file. */
function transferOf(page: Page, { name, mimeType, buffer }: SomeFile): Promise<JSHandle<DataTransfer>> {
  return page.evaluateHandle(
    (file) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([new Uint8Array(file.bytes)], file.name, { type: file.type }));
      return transfer;
    },
    { bytes: [...buffer], name, type: mimeType },
  );
}

/** Presses the button, and returns what the browser saved. */
export async function saved(page: Page, button: Locator): Promise<{ readonly name: string; readonly bytes: Buffer }> {
  const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
  return { name: download.suggestedFilename(), bytes: await readFile(await download.path()) };
}

/** Whether a picture was decoded, and not only asked for. */
export async function pictureShows(picture: Locator): Promise<void> {
  await picture.waitFor();
  await picture.evaluate((image) => (image as HTMLImageElement).decode());
}

/** What of a message stands beside its bubble, by its class; empty when all is well. */
export function besideBubble(message: Locator): Promise<readonly string[]> {
  return message.evaluate((bubble) => {
    const { left, right } = bubble.getBoundingClientRect();
    const seen = Array.from(bubble.querySelectorAll("*"), (part) => ({ part, place: part.getBoundingClientRect() }));
    return seen
      .filter(({ place }) => place.width > 0 && (place.left < left || place.right > right))
      .map(({ part, place }) => `${part.className} ${String(place.left - left)} ${String(place.right - right)}`);
  });
}

/** Scrolls its list until a place lies so far above what is seen of it. */
export async function scrollPast(place: Locator, pixels: number): Promise<void> {
  await place.evaluate((element, above) => {
    const list = element.closest("[role=log]");
    if (list === null) throw new Error("it is in no list");
    list.scrollTop += element.getBoundingClientRect().bottom - list.getBoundingClientRect().top + above;
  }, pixels);
}
