/** `node src/main.ts FROM_REPO TO_REPO [GLOB]`: copies every tag that matches; what is there already is not moved. */
import { createClient } from "@reg/sdk";
import { copyRepository } from "./copy-repository.ts";

const [from, to, match = "*"] = process.argv.slice(2);
if (from === undefined || to === undefined) {
  console.error("usage: node src/main.ts FROM_REPO TO_REPO [GLOB]");
  process.exitCode = 2;
} else {
  await using client = createClient();
  for await (const { tag, digest, bytes } of copyRepository(client, from, to, match))
    console.log(`${tag.padEnd(20)} ${digest}  ${bytes} bytes moved`);
}
