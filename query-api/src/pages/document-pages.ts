import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { StaticFile } from "./static-files.ts";

/**
 * Both viewers style elements from scripts, and ReDoc searches in a worker that it makes of a blob. Nothing else is let
 * go: no inline script, and no address but this one.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "worker-src blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** What ReDoc's bundle would fetch for its footer from another address on every opening. */
const FOREIGN_LOGO = "https://cdn.redoc.ly/redoc/logo-mini.svg";
const EMPTY_IMAGE = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=";

const swaggerPage = page(
  "Chat: the calls",
  `<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="/docs/icon.png">`,
  `<div id="calls"></div>
<script src="/docs/swagger-ui.js"></script>
<script src="/docs/start.js"></script>`,
);
const swaggerStart = `SwaggerUIBundle({ url: "/openapi.json", dom_id: "#calls", deepLinking: true, validatorUrl: null });\n`;

const redocPage = page(
  "Chat: the calls",
  `<link rel="icon" href="/docs/icon.png">
<style>body { margin: 0 }</style>`,
  `<div id="calls"></div>
<script src="/redoc/redoc.js"></script>
<script src="/redoc/start.js"></script>`,
);
const redocStart = `Redoc.init("/openapi.json", { disableSearch: false, hideDownloadButton: false }, document.getElementById("calls"));\n`;

/** `/docs` (Swagger UI) and `/redoc` (ReDoc) over `/openapi.json`, from what npm installed: no page asks anybody else for anything. */
export function documentPages(): readonly StaticFile[] {
  return [
    { path: "/docs", type: "html", policy: POLICY, read: () => swaggerPage },
    { path: "/docs/start.js", type: "js", read: () => swaggerStart },
    { path: "/docs/swagger-ui.css", type: "css", read: () => readFile(installed("swagger-ui-dist/swagger-ui.css")) },
    {
      path: "/docs/swagger-ui.js",
      type: "js",
      read: () => readFile(installed("swagger-ui-dist/swagger-ui-bundle.js")),
    },
    { path: "/docs/icon.png", type: "png", read: () => readFile(installed("swagger-ui-dist/favicon-32x32.png")) },
    { path: "/redoc", type: "html", policy: POLICY, read: () => redocPage },
    { path: "/redoc/start.js", type: "js", read: () => redocStart },
    { path: "/redoc/redoc.js", type: "js", read: readRedoc },
  ];
}

function page(title: string, head: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
${head}
</head>
<body>
${body}
</body>
</html>
`;
}

async function readRedoc(): Promise<string> {
  const bundle = await readFile(installed("redoc/bundles/redoc.standalone.js"), "utf8");
  if (!bundle.includes(FOREIGN_LOGO)) throw new Error("ReDoc's bundle no longer has the address that is cut out of it");
  return bundle.replaceAll(FOREIGN_LOGO, EMPTY_IMAGE);
}

const installed = (file: string): string => fileURLToPath(import.meta.resolve(file));
