/** `tags.ts HOST COUNT [PAGE_SIZE]`: lists so many tags. */
import { createClient } from "@reg/sdk";
import { reportCost } from "./report-cost.ts";

const [host = "", count = "", pageSize] = process.argv.slice(2);
await using client = createClient();
await reportCost(async () => {
  let seen = 0;
  const options = pageSize === undefined ? {} : { pageSize: Number(pageSize) };
  for await (const _ of client.tags.list(`${host}/bench/${count}`, options)) seen += 1;
  if (seen !== Number(count)) throw new Error(`${seen} tags came, of ${count}`);
});
