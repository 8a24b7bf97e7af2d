import { createAuthenticator, staticCredentials, withAuth } from "@reg/auth";
import { compose, withRedirects } from "@reg/transport";
import { undiciTransport } from "@reg/transport/undici";
import { RegistryClient } from "../../src/index.ts";
import type { Answer, Script, Seen } from "./scripted-registry.ts";

/** The account every test signs in with. */
const ACCOUNT = { username: "me", password: "hunter2" };

/** What a `Basic` sign-in with that account sends. */
export const BASIC: string = `Basic ${btoa(`${ACCOUNT.username}:${ACCOUNT.password}`)}`;

/** A client that signs in to this host, with an account or as nobody. */
export function signingClient(host: string, as: "account" | "nobody" = "account"): RegistryClient {
  const credentials = staticCredentials(as === "account" ? { [host]: ACCOUNT } : {});
  const transport = compose(
    undiciTransport(),
    withAuth(createAuthenticator({ credentials })),
    withRedirects(),
  );
  return new RegistryClient({ transport });
}

/** The same script, where every answer below `/v2/` wants the token `t` first. */
export function wantsToken(
  script: Script,
  challenge: (seen: Seen) => Answer,
  authorization = "Bearer t",
): Script {
  return Object.fromEntries(
    Object.entries(script).map(([line, step]) => [
      line,
      line.includes(" /v2/")
        ? (seen: Seen) => {
            if (seen.headers.authorization !== authorization) return challenge(seen);
            if (typeof step === "function") return step(seen);
            // One answer, here: a list of them is not used with a sign-in.
            return step as Answer;
          }
        : step,
    ]),
  );
}

/** The usual challenge, with a realm on the registry itself. */
export function bearer(seen: Seen, scope: string, realmPath = "/token"): Answer {
  const realm = `http://${seen.headers.host ?? ""}${realmPath}`;
  return {
    status: 401,
    headers: { "www-authenticate": `Bearer realm="${realm}",service="registry",scope="${scope}"` },
  };
}
