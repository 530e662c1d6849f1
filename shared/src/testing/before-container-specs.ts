/** Named in jest.config.js, which wants a default export. */
export { beforeContainerSpecs as default } from "./containers-run.ts";
