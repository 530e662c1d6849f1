// Run by npm after it has installed everything: the page is built, so that `npm start` has one. Where only what runs is
// installed there is nothing to build with; then it must have been built before (deploy/Dockerfile).
const vite = await import("vite").catch(() => undefined);
if (vite === undefined) console.log("vite is not installed: the page at / is not built");
else await vite.build({ root: import.meta.dirname, logLevel: "warn" });
