/**
 * The floor of reading a chat's history over HTTP: koa and the SELECT of `select-page.ts` for each request, its rows as
 * JSON; no rights, no read counts, nobody waits for what was just written. `GET /<chat id>/<before>/<limit>`.
 * A program of its own: `node select-per-request.ts <database url>`.
 */
import type { AddressInfo } from "node:net";
import Router from "@koa/router";
import Koa from "koa";
import { openSelectPage } from "./select-page.ts";

/** As many as ask at once. */
const MAX_CONNECTIONS = 4;

const select = await openSelectPage(process.argv[2] ?? "", MAX_CONNECTIONS);

const router = new Router();
router.get("/:chat/:before/:limit", async (context) => {
  const { chat = "", before, limit } = context.params;
  context.body = await select.page(chat, Number(before), Number(limit));
});

const server = new Koa().use(router.routes()).listen(0, "127.0.0.1", () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
