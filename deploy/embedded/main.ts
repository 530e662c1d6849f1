import { enableCompileCache } from "node:module";
import { join } from "node:path";

// Half of a start is compiling. What an earlier one has compiled is kept, and compared with its source before it is used.
enableCompileCache(join(import.meta.dirname, "../../node_modules/.cache/compiled"));
const { runEmbeddedProgram } = await import("./embedded-program.ts");
await runEmbeddedProgram(process.env);
