/** `node src/main.ts SOURCE TARGET...`: SOURCE is an OCI layout and a tag, `dist/image:1.0`; TARGETs are references. */
import { createClient, openLayout } from "@reg/sdk";
import { pushToAll } from "./push-to-all.ts";

const [source, ...targets] = process.argv.slice(2);
const colon = source?.lastIndexOf(":") ?? -1;
if (source === undefined || colon === -1 || targets.length === 0) {
  console.error("usage: node src/main.ts LAYOUT:TAG TARGET...");
  process.exitCode = 2;
} else {
  await using client = createClient();
  await using layout = await openLayout(source.slice(0, colon));
  const outcomes = await pushToAll(client, layout, source.slice(colon + 1), targets);
  for (const outcome of outcomes) console.log(JSON.stringify(outcome));
  const failed = outcomes.filter(({ ok }) => !ok).length;
  if (failed > 0) {
    console.error(`${failed} of ${outcomes.length} targets failed`);
    process.exitCode = 1;
  }
}
