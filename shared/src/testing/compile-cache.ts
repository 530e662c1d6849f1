import { compileCacheFolder } from "../compile-cache.ts";

/** For the programs that specs start: what one start compiled, the next one takes from there. */
export const compileCache = { NODE_COMPILE_CACHE: compileCacheFolder } as const;
