import { join } from "node:path";

/**
 * For the programs that specs start: what one start compiled, the next one takes from there. That is half of a start.
 * Node compares each source with what it has kept, so nothing that was changed is ever run as it was.
 */
export const compileCache = {
  NODE_COMPILE_CACHE: join(import.meta.dirname, "../../../node_modules/.cache/compiled"),
} as const;
