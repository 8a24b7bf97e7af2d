import { isContentError } from "@reg/content";
import { describeFile, fileBody, openLayout } from "../../src/index.ts";

// Pushes FILE into the layout DIR and prints the code of the failure, or "done".
const [dir = "", file = ""] = process.argv.slice(2);
const layout = await openLayout(dir);
try {
  await layout.push(await describeFile(file), await fileBody(file));
  process.stdout.write("done\n");
} catch (error) {
  process.stdout.write(isContentError(error) ? `${error.code}: ${error.message}\n` : `${String(error)}\n`);
}
