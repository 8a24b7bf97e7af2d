import type { Call } from "../call.ts";
import type { ExitCode } from "../command.ts";
import { openSession, registryOf } from "../session.ts";
import { CommandError } from "../usage-error.ts";

/** `{registry, removed}`. */
export async function run(call: Call): Promise<ExitCode | undefined> {
  const { sdk, credentials, environment } = await openSession(call, [call.argument("HOST")]);
  const registry = registryOf(sdk, environment, call.argument("HOST"));
  const removed = (await credentials.delete?.({ registry })) ?? false;
  if (!removed) throw new CommandError("NOT_FOUND", `no credentials for ${registry} are kept`);
  call.output.result({ registry, removed }, () => [`signed out of ${registry}`]);
  return undefined;
}
