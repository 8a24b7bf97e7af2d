/**
 * Says for each image whether there is a newer version: `node src/main.ts REPO:TAG...`. Tags that are versions are
 * compared as versions; for others (`latest`, `stable`) it tells when what they name was made. One JSON object a line.
 */
import { createClient } from "@reg/sdk";
import { newerVersion } from "./newer-version.ts";

const references = process.argv.slice(2);
if (references.length === 0) {
  console.error("usage: node src/main.ts REPO:TAG...");
  process.exitCode = 2;
}

await using client = createClient();
// All at once: the client bounds what goes to one registry, and asks for each token once.
const answers = references.map((reference) =>
  newerVersion(client, reference).catch((error: Error) => ({ reference, error: error.message })),
);
for (const answer of answers) {
  const told = await answer;
  console.log(JSON.stringify(told));
  if ("error" in told) process.exitCode = 1;
}
