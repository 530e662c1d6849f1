import { readFile } from "node:fs/promises";
import Type from "typebox";
import { parse } from "yaml";
import { defineRoute, type Route } from "@chat/shared/http/define-route";

const documents = new URL("../../../docs/", import.meta.url);

/** What the API is, for programs: the committed documents (`npm run docs` makes them), as JSON. */
export function documentRoutes(): readonly Route[] {
  const document = (name: string, version: string, summary: string): Route => {
    let read: Promise<string> | undefined;
    return defineRoute({
      method: "GET",
      path: `/${name}.json`,
      summary,
      tags: ["documents"],
      auth: "none",
      responses: { 200: { description: "The document", schema: Type.Object({}, { examples: [{ [name]: version }] }) } },
      async handle() {
        // Read once, when somebody asks: a service starts without it.
        read ??= readFile(new URL(`${name}.yaml`, documents), "utf8").then((yaml) => JSON.stringify(parse(yaml)));
        return { status: 200, body: await read, headers: { "Content-Type": "application/json; charset=utf-8" } };
      },
    });
  };
  return [
    document("openapi", "3.1.0", "The calls of this API (OpenAPI 3.1)"),
    document("asyncapi", "3.0.0", "The frames of the WebSocket (AsyncAPI 3)"),
  ];
}
