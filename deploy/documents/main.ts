/** `npm run docs`: writes `docs/openapi.yaml` and `docs/asyncapi.yaml`. */
import { writeFileSync } from "node:fs";
import { generatedDocuments } from "./documents.ts";

for (const { path, text } of generatedDocuments()) writeFileSync(path, text);
