/** `http2.ts 1.1|2 REFERENCE FOLDER`: an image pulled over TLS, by HTTP/1.1 or by HTTP/2 (undici's `allowH2`). */
import { createClient, openLayout } from "@reg/sdk";
import { reportCost } from "./report-cost.ts";

const [version, reference = "", folder = ""] = process.argv.slice(2);
await reportCost(async () => {
  await using client = createClient({ insecure: true, http2: version === "2" });
  await using layout = await openLayout(folder, { create: true });
  await client.pull(reference, layout);
});
