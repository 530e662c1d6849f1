import { join } from "node:path";

/** Where what a start has compiled is kept for the next: half of a start is that. Node compares each source with what it has kept. */
export const compileCacheFolder = join(import.meta.dirname, "../../node_modules/.cache/compiled");
