import { lintFiles } from "./lint-files.ts";

process.exitCode = await lintFiles(process.argv.slice(2), {
  write: (text) => process.stdout.write(text),
  complain: (text) => process.stderr.write(text),
});
