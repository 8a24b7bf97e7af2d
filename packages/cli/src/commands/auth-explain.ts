import type { AuthEvent, Challenge } from "@reg/sdk";
import type { Call } from "../call.ts";
import type { ExitCode } from "../command.ts";
import { howToAllow } from "../failure.ts";
import { fold } from "../format.ts";
import { nameOf, openSession } from "../session.ts";

/** `{registry, repository, scopes, events, credential, status, allowed, reason}`; never a secret. */
export async function run(call: Call): Promise<ExitCode> {
  const { sdk, client, credentials, options, environment } = await openSession(call, [call.argument("REF")]);
  const { registry, repository } = nameOf(sdk, environment, call.argument("REF"));
  const { signal } = call;
  const { unsigned, close } = sdk.createTransport(options);
  call.defer(close);
  const scopes =
    repository === undefined ? [] : [`repository:${repository}:${call.flag("push") ? "pull,push" : "pull"}`];
  const path = repository === undefined ? "/v2/" : `/v2/${repository}/tags/list`;
  const { realms, sendSecretsOverPlainHttp } = options;
  const explanation = await sdk
    .createAuthenticator({ credentials, realms, sendSecretsOverPlainHttp })
    .explain({
      registry,
      url: new URL(path, client.origin(registry)),
      scopes,
      transport: unsigned,
      signal,
    });
  const { events, credential, status, allowed, reason } = explanation;
  const document = { registry, repository: repository ?? null, scopes, events };
  call.output.result(
    { ...document, credential: credential ?? null, status: status ?? null, allowed, reason },
    () => steps(events, reason).flatMap((line) => fold(line, call.output.columns)),
  );
  // A repository that is not there has let us in all the same.
  return allowed || status === 404 ? 0 : 4;
}

/** A line for each step; the reason last, unless the last step says it. */
function steps(events: readonly AuthEvent[], reason: string): string[] {
  const lines = events.map(describe);
  const said = lines.at(-1)?.includes(reason) === true ? lines : [...lines, reason];
  const hint = howToAllow(reason);
  return hint === undefined ? said : [...said, hint];
}

function describe(event: AuthEvent): string {
  switch (event.kind) {
    case "lookup": {
      const user = event.username === undefined ? "" : ` of ${event.username}`;
      const why = event.message === undefined ? "" : ` (${event.message})`;
      return `asked ${event.store} for ${event.key}: ${event.found}${user}${why}`;
    }
    case "challenge":
      return `the registry asks for ${event.challenges.map(challengeText).join(" or ")}`;
    case "token-request": {
      const user = event.username === undefined ? "" : ` of ${event.username}`;
      const service = event.service === undefined ? "" : `, service ${event.service}`;
      return `${event.method} ${event.realm}${service}, for ${event.scopes.join(" ") || "nothing"}, with ${event.as}${user}`;
    }
    case "token":
      return `got a token for ${event.lifetimeSeconds} s`;
    case "refusal":
      return `refused (${event.code}): ${event.message}`;
    case "authorization":
      return event.scheme === "none"
        ? "sent without Authorization"
        : `sent with Authorization: ${event.scheme}`;
    case "answer":
      return `the registry answers ${event.status}`;
  }
}

/** As it stands in a header. */
function challengeText({ scheme, params }: Challenge): string {
  const pairs = Object.entries(params).map(([name, value]) => `${name}="${value}"`);
  return [scheme, pairs.join(", ")].join(" ").trimEnd();
}
