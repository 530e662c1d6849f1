/** Named in jest.config.js, which wants a default export. */
export { beforeAllSpecs as default } from "./spec-run.ts";
