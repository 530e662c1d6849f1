import { readFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { allRoutes } from "./all-routes.ts";
import { asyncApiDocument } from "./async-api.ts";
import { openApiDocument } from "./open-api.ts";

const root = join(import.meta.dirname, "..", "..");

export interface GeneratedDocument {
  readonly path: string;
  readonly text: string;
}

/** The documents that are made from the code, as they are to stand in `docs/`. */
export function generatedDocuments(): readonly GeneratedDocument[] {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly version: string };
  return [
    { path: join(root, "docs/openapi.yaml"), text: page(openApiDocument(allRoutes(), version)) },
    { path: join(root, "docs/asyncapi.yaml"), text: page(asyncApiDocument(version)) },
  ];
}

/** Without anchors: a reader of the page should see what is meant where it is meant. */
function page(document: object): string {
  const text = stringify(document, { aliasDuplicateObjects: false, lineWidth: 120 });
  return `# Made by \`npm run docs\` from the schemas that check requests and frames. Do not edit.\n${text}`;
}
