import type { SendForm } from "@chat/client/http-calls";

/** A way on which nothing has moved for so long is broken: the file is sent again. */
const SILENT_MS = 60_000;
/** Told more often, a page that shows it would be drawn for nothing else. */
const STEPS = 50;

/** Sends a form by the only thing in a browser that says how much of it has left. */
export const sendFormWithProgress: SendForm = (url, { method, headers, body, signal }, progress) =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = (): void => request.abort();
    let silence = setTimeout(abort, SILENT_MS);
    let told = 0;

    function moved({ loaded, total }: ProgressEvent): void {
      clearTimeout(silence);
      silence = setTimeout(abort, SILENT_MS);
      if (loaded < total && loaded - told < total / STEPS) return;
      told = loaded;
      progress(loaded);
    }

    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", moved);
    request.addEventListener("load", () => {
      const retryAfter = request.getResponseHeader("retry-after");
      const answer = { status: request.status, headers: retryAfter === null ? {} : { "retry-after": retryAfter } };
      resolve(new Response(request.responseText, answer));
    });
    request.addEventListener("error", () => reject(new TypeError("no answer")));
    request.addEventListener("abort", () => reject(new TypeError("given up")));
    request.addEventListener("loadend", () => {
      clearTimeout(silence);
      signal.removeEventListener("abort", abort);
    });
    signal.addEventListener("abort", abort);
    if (signal.aborted) reject(new TypeError("given up"));
    else request.send(body);
  });
