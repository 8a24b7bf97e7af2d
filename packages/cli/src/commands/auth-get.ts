import type { Call } from "../call.ts";
import type { ExitCode } from "../command.ts";
import { nameOf, openSession } from "../session.ts";
import { CommandError } from "../usage-error.ts";

/** `{registry, repository, type, username, source}`, absent parts null; `secret` only with `--reveal`. */
export async function run(call: Call): Promise<ExitCode | undefined> {
  const { sdk, credentials, environment } = await openSession(call, [call.argument("REF")]);
  const { registry, repository } = nameOf(sdk, environment, call.argument("REF"));
  const key = repository === undefined ? { registry } : { registry, repository };
  const credential = await credentials.get(key, { signal: call.signal });
  if (credential === undefined) {
    throw new CommandError("NOT_FOUND", `no credentials for ${registry} are kept`, {
      hint: "requests are anonymous; `reg login` keeps some",
    });
  }
  const type = sdk.credentialType(credential);
  const username = "username" in credential ? (credential.username ?? null) : null;
  const source = credential.source ?? null;
  const secret =
    "password" in credential
      ? credential.password
      : "identityToken" in credential
        ? credential.identityToken
        : credential.registryToken;
  const revealed = call.flag("reveal") ? { secret } : {};
  call.output.result(
    { registry, repository: repository ?? null, type, username, source, ...revealed },
    () => [
      `${type}${username === null ? "" : ` of ${username}`} for ${registry}, from ${source ?? "a credential store"}`,
      ...(call.flag("reveal") ? [secret] : []),
    ],
  );
  return undefined;
}
