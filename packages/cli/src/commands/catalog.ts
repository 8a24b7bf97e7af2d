import type { Call } from "../call.ts";
import { openSession } from "../session.ts";

/** `{registry, repositories: [...]}`. */
export async function run(call: Call): Promise<undefined> {
  const registry = call.argument("HOST");
  const { client } = await openSession(call, [registry]);
  const options = {
    limit: call.number("limit"),
    after: call.text("after"),
    pageSize: call.number("page-size"),
    signal: call.signal,
  };
  const repositories = client.catalog.list(registry, options);
  if (call.output.json) return call.output.list({ registry }, "repositories", repositories);
  for await (const name of repositories) call.output.line(name);
}
