import type { Call } from "../call.ts";
import type { ExitCode } from "../command.ts";
import { openSession, registryOf } from "../session.ts";
import { CommandError } from "../usage-error.ts";

/** `{registry, removed}`; where a file keeps tokens, `tokens` too: how many were removed. */
export async function run(call: Call): Promise<ExitCode | undefined> {
  const { sdk, client, credentials, tokens, environment } = await openSession(call, [call.argument("HOST")]);
  const registry = registryOf(sdk, environment, call.argument("HOST"));
  const removed = (await credentials.delete?.({ registry })) ?? false;
  const forgotten = (await tokens?.forget(client.origin(registry))) ?? 0;
  if (!removed && forgotten === 0)
    throw new CommandError("NOT_FOUND", `no credentials for ${registry} are kept`);
  const document = { registry, removed, ...(tokens === undefined ? {} : { tokens: forgotten }) };
  call.output.result(document, () => [`signed out of ${registry}`]);
  return undefined;
}
