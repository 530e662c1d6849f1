/** `npm run docs`: writes `docs/openapi.yaml` and `docs/asyncapi.yaml`. */
import { writeFileSync } from "node:fs";
import { generatedDocuments } from "./documents.ts";

if (process.argv.length > 2) {
  console.log(
    "npm run docs\n\nWrites docs/openapi.yaml and docs/asyncapi.yaml anew from the schemas. It takes no options.",
  );
} else {
  for (const { path, text } of generatedDocuments()) writeFileSync(path, text);
}
