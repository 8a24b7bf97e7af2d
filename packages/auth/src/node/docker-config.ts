import type { Credential, CredentialGetOptions, CredentialKey } from "../credential.ts";
import { lookupOf } from "../credential-stores.ts";
import { AuthError } from "../errors.ts";
import { readAuthEntry } from "./auth-entry.ts";
import { type ConfigDocument, isRecord } from "./config-file.ts";
import type { HelperStores } from "./helper-stores.ts";
import { hostOfKey, serverKey } from "./server-key.ts";

/**
 * Looks a registry up in a docker configuration as docker does: its helper, or else the entry of that exact name, or
 * else the first whose name without scheme and path it is. A broken entry matters to its own host alone.
 */
export async function lookUpInDockerConfig(
  document: ConfigDocument,
  where: string,
  key: CredentialKey,
  helpers: HelperStores,
  options: CredentialGetOptions | undefined,
): Promise<Credential | undefined> {
  const name = serverKey(key.registry);
  const helper = helperFor(document, name, where);
  if (helper === undefined) {
    const entry = findEntry(document, name);
    const credential = entry === undefined ? undefined : readEntry(entry, where);
    options?.trace?.(lookupOf(where, entry?.key ?? name, credential));
    return credential;
  }
  const credential = await helpers.of(helper).get(key, options);
  if (credential !== undefined) return { ...credential, source: `${credential.source ?? helper} (${where})` };
  // With a helper the file's passwords are not looked at; a registry token no helper could keep is.
  const entry = findEntry(document, name);
  const token = isRecord(entry?.value) ? entry.value["registrytoken"] : undefined;
  return typeof token === "string" && token !== "" ? { registryToken: token, source: where } : undefined;
}

/** The helper in charge of a registry, by its name's end; an empty name means none, whatever the default. */
export function helperFor(document: ConfigDocument, name: string, where: string): string | undefined {
  const perHost = document["credHelpers"];
  if (isRecord(perHost) && Object.hasOwn(perHost, name)) {
    return helperName(perHost[name], `${where}, credHelpers for ${name}`);
  }
  return helperName(document["credsStore"], `${where}, credsStore`);
}

/** `auths`, where there are any. */
export function authsOf(document: ConfigDocument): Readonly<Record<string, unknown>> {
  const auths = document["auths"];
  return isRecord(auths) ? auths : {};
}

function helperName(value: unknown, where: string): string | undefined {
  if (value === undefined || value === "") return undefined;
  if (typeof value !== "string")
    throw new AuthError("CONFIG", `${where} is not the name of a credential helper`);
  return value;
}

function findEntry(
  document: ConfigDocument,
  name: string,
): { readonly key: string; readonly value: unknown } | undefined {
  const auths = authsOf(document);
  if (Object.hasOwn(auths, name)) return { key: name, value: auths[name] };
  for (const [key, value] of Object.entries(auths)) {
    if (hostOfKey(key) === name) return { key, value };
  }
  return undefined;
}

function readEntry(
  entry: { readonly key: string; readonly value: unknown },
  where: string,
): Credential | undefined {
  return readAuthEntry(entry.value, "docker", `${where}, entry ${entry.key}`, where);
}
