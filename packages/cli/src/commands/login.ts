import type { Call } from "../call.ts";
import { promptFor } from "../prompt.ts";
import { readSecret } from "../read-secret.ts";
import { openSession, registryOf } from "../session.ts";
import { CommandError } from "../usage-error.ts";

/** `{registry, username}`. Only what the registry accepts is kept. */
export async function run(call: Call): Promise<undefined> {
  const { sdk, options, credentials, environment } = await openSession(call, [call.argument("HOST")]);
  const registry = registryOf(sdk, environment, call.argument("HOST"));
  const username = call.text("username") ?? (await promptFor(call, `user at ${registry}: `));
  const password = call.flag("password-stdin")
    ? await readSecret(call.signal)
    : await promptFor(call, "password: ", { hidden: true });
  const credential = { username, password };
  const given = sdk.staticCredentials({ [registry]: credential });
  // A token that was bought earlier says nothing of the password.
  await using client = sdk.createClient({ ...options, credentials: given, tokenCache: undefined });
  const { status } = await client.ping(registry, { signal: call.signal });
  if (status === 401) {
    throw new CommandError("UNAUTHENTICATED", `${registry} refuses these credentials`, {
      hint: "nothing was kept; check the user and the password, many registries want an access token instead",
    });
  }
  if (credentials.set === undefined)
    throw new CommandError("UNSUPPORTED", "this credential store cannot be written to");
  await credentials.set({ registry }, credential);
  call.output.result({ registry, username }, () => [`signed in to ${registry} as ${username}`]);
}
