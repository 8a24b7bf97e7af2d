import { withFileLock } from "../../src/index.ts";

// Takes the lock of PATH, says so, and keeps it for ever.
const [path = ""] = process.argv.slice(2);
await withFileLock(path, async () => {
  process.stdout.write("held\n");
  await new Promise((resolve) => setTimeout(resolve, 2 ** 30));
});
