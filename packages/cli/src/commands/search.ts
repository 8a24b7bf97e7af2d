import type { Call } from "../call.ts";
import { openSession } from "../session.ts";

/** `{registry, text, repositories: [...]}`. */
export async function run(call: Call): Promise<undefined> {
  const registry = call.argument("HOST");
  const text = call.argument("TEXT");
  const { client } = await openSession(call, [registry]);
  const options = {
    limit: call.number("limit"),
    after: call.text("after"),
    pageSize: call.number("page-size"),
    signal: call.signal,
  };
  const repositories = client.catalog.search(registry, text, options);
  if (call.output.json) return call.output.list({ registry, text }, "repositories", repositories);
  for await (const name of repositories) call.output.line(name);
}
