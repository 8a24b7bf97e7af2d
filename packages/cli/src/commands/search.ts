import type { Call } from "../call.ts";
import { openSession } from "../session.ts";

/** `{registry, text, repositories: [...]}`. */
export async function run(call: Call): Promise<undefined> {
  const registry = call.argument("HOST");
  const text = call.argument("TEXT");
  const { client } = await openSession(call, [registry]);
  const options = { limit: call.number("limit"), signal: call.signal };
  const repositories: string[] = [];
  for await (const name of client.catalog.search(registry, text, options)) {
    if (call.output.json) repositories.push(name);
    else call.output.line(name);
  }
  if (call.output.json) call.output.value({ registry, text, repositories });
}
