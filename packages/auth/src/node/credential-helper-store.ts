import { BoundedMap } from "../bounded-map.ts";
import type { Credential, CredentialEntry, CredentialKey, WritableCredentialStore } from "../credential.ts";
import { lookupOf } from "../credential-stores.ts";
import { AuthError } from "../errors.ts";
import { SingleFlight } from "../single-flight.ts";
import { assertHelperName, type HelperOptions, runHelper } from "./run-helper.ts";
import { serverKey } from "./server-key.ts";

export type CredentialHelperOptions = Omit<HelperOptions, "signal">;

/** A helper is a process, often with a keychain behind it: not one for every repository of a host. */
const REMEMBERED_MS = 30_000;
const REMEMBERED_MAX = 256;
/** How helpers mark a secret that is an OAuth2 refresh token rather than a password. */
const TOKEN_USERNAME = "<token>";

/**
 * Credentials in the keeping of a program, `docker-credential-<name>`: a keychain, or a cloud's own.
 *
 * @throws AuthError `CONFIG`, `HELPER_FAILED`, `SIZE_EXCEEDED` from its methods
 * @example
 * ```ts
 * import { credentialHelperStore } from "@reg/auth/node";
 * const credentials = credentialHelperStore("osxkeychain");
 * ```
 */
export function credentialHelperStore(
  name: string,
  options: CredentialHelperOptions = {},
): WritableCredentialStore {
  assertHelperName(name, "credential helper");
  const program = `docker-credential-${name}`;
  const held = new BoundedMap<string, { readonly credential: Credential | undefined; readonly at: number }>(
    REMEMBERED_MAX,
  );
  const flights = new SingleFlight<Credential | undefined>();

  async function ask(url: string, signal: AbortSignal): Promise<Credential | undefined> {
    const output = await runHelper(name, "get", url, { ...options, signal });
    const credential = output === undefined ? undefined : parseCredential(output, program);
    held.set(url, { credential, at: performance.now() });
    return credential;
  }

  async function get(key: CredentialKey, signal?: AbortSignal): Promise<Credential | undefined> {
    const url = serverKey(key.registry);
    const before = held.get(url);
    if (before !== undefined && performance.now() - before.at < REMEMBERED_MS) return before.credential;
    return flights.run(url, signal, (shared) => ask(url, shared));
  }

  return {
    async get(key, getOptions) {
      const url = serverKey(key.registry);
      try {
        const credential = await get(key, getOptions?.signal);
        getOptions?.trace?.(lookupOf(program, url, credential));
        return credential;
      } catch (error) {
        const message = error instanceof Error ? error.message : "failed";
        getOptions?.trace?.({ store: program, key: url, found: "error", message });
        throw error;
      }
    },
    async set(key, credential) {
      const url = serverKey(key.registry);
      held.delete(url);
      const secret = { ServerURL: url, ...namedSecret(credential, program) };
      await runHelper(name, "store", JSON.stringify(secret), options);
    },
    async delete(key) {
      const url = serverKey(key.registry);
      held.delete(url);
      const existed = (await get(key)) !== undefined;
      held.delete(url);
      if (existed) await runHelper(name, "erase", url, options);
      return existed;
    },
    async list() {
      const output = await runHelper(name, "list", "unused", options);
      return output === undefined ? [] : parseList(output, program);
    },
  };
}

function namedSecret(
  credential: Credential,
  program: string,
): { readonly Username: string; readonly Secret: string } {
  if ("password" in credential) return { Username: credential.username, Secret: credential.password };
  if ("identityToken" in credential) return { Username: TOKEN_USERNAME, Secret: credential.identityToken };
  throw new AuthError("UNSUPPORTED", `${program} keeps passwords and identity tokens, not registry tokens`);
}

function parseCredential(output: string, program: string): Credential | undefined {
  const answer = parseObject(output, program, "get");
  const username = answer["Username"];
  const secret = answer["Secret"];
  if (typeof username !== "string" || typeof secret !== "string") {
    throw new AuthError("CONFIG", `${program} get printed JSON without Username and Secret`);
  }
  if (username === "" && secret === "") return undefined;
  if (username === TOKEN_USERNAME) return { identityToken: secret, source: program };
  return { username, password: secret, source: program };
}

function parseList(output: string, program: string): CredentialEntry[] {
  return Object.entries(parseObject(output, program, "list")).map(([registry, username]) =>
    typeof username === "string" && username !== TOKEN_USERNAME
      ? { registry, username, source: program }
      : { registry, source: program },
  );
}

function parseObject(output: string, program: string, action: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(output);
  } catch {
    value = undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new AuthError(
      "CONFIG",
      `${program} ${action} printed something that is not the JSON object it owes`,
    );
  }
  // An object that came from JSON: its fields are whatever they are.
  return value as Readonly<Record<string, unknown>>;
}
