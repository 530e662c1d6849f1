/** Named in jest.config.js, which wants a default export. */
export { afterContainerSpecs as default } from "./containers-run.ts";
