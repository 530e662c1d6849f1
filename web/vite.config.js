import { defineConfig } from "vite";

/** In development the chat itself runs beside it: `npm start`. */
const chat = "http://localhost:8000";

// Vite looks for a default export and takes no other.
export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    // Everything that is small enough would stand in the page itself, where the policy lets nothing run.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { port: 3000, proxy: { "/api": chat, "/ws": { target: chat, ws: true } } },
});
