/** Named in jest.config.js, which wants a default export. */
export { afterAllSpecs as default } from "./spec-run.ts";
