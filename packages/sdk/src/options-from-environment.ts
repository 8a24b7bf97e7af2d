import { readFileSync } from "node:fs";
import type { ParseOptions } from "@reg/reference";
import { TransportError } from "@reg/transport";
import type { CreateClientOptions } from "./create-client.ts";

/** What the environment asks for. */
export interface EnvironmentOptions {
  /** For `parseReference`. */
  readonly reference: ParseOptions;
  /** For `createClient`. */
  readonly client: Pick<CreateClientOptions, "plainHttp" | "ca">;
  /** A Docker configuration file to read and keep credentials in. */
  readonly credentialsFile?: string;
  /** A file to keep tokens in between runs, for `fileTokenCache`. */
  readonly tokenCacheFile?: string;
  /** Bytes of a chunk of an upload, for `client.blobs.put`. */
  readonly chunkBytes?: number;
  /** Requests are to be shown. */
  readonly debug: boolean;
}

/**
 * Options from `REG_*` variables. Nothing else of this package reads the environment for them: a program that wants
 * them says so by calling this.
 *
 * @throws TransportError `CONFIG` for a value that makes no sense; the message names the variable.
 * @example
 * ```ts
 * import { createClient, optionsFromEnvironment, parseReference } from "@reg/sdk";
 * const { client, reference } = optionsFromEnvironment(process.env);
 * await using registry = createClient(client);
 * const repository = parseReference("localhost:5000/demo/hello", reference);
 * for await (const tag of registry.tags.list(repository)) console.log(tag);
 * ```
 */
export function optionsFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): EnvironmentOptions {
  const value = (name: string): string | undefined => environment[name] || undefined;
  const domain = value("REG_DEFAULT_REGISTRY");
  const namespace = value("REG_DEFAULT_NAMESPACE");
  const tag = value("REG_DEFAULT_TAG");
  const plainHttp = readProtocol(value("REG_DEFAULT_PROTOCOL"));
  const authorities = value("REG_CACERTS");
  const credentialsFile = value("REG_CREDENTIALS_STORE");
  const tokenCacheFile = value("REG_TOKEN_CACHE");
  const chunkBytes = readBytes(value("REG_CHUNK_SIZE"));
  return {
    reference: {
      ...(domain === undefined ? {} : { defaultDomain: domain }),
      ...(namespace === undefined ? {} : { defaultNamespace: namespace }),
      ...(tag === undefined ? {} : { defaultTag: tag }),
    },
    client: {
      ...(plainHttp === undefined ? {} : { plainHttp }),
      ...(authorities === undefined ? {} : { ca: readAuthorities(authorities) }),
    },
    ...(credentialsFile === undefined ? {} : { credentialsFile }),
    ...(tokenCacheFile === undefined ? {} : { tokenCacheFile }),
    ...(chunkBytes === undefined ? {} : { chunkBytes }),
    debug: readSwitch(value("REG_DEBUG")),
  };
}

/** `https` is what happens anyway, and leaves loopback addresses their plain http. */
function readProtocol(value: string | undefined): true | undefined {
  if (value === undefined || value === "https") return undefined;
  if (value === "http") return true;
  throw new TransportError("CONFIG", "REG_DEFAULT_PROTOCOL is neither http nor https");
}

function readAuthorities(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new TransportError("CONFIG", `REG_CACERTS names ${path}, which cannot be read`, { cause });
  }
}

function readBytes(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,15}$/.test(value) && Number(value) > 0) return Number(value);
  throw new TransportError("CONFIG", "REG_CHUNK_SIZE is not a number of bytes");
}

function readSwitch(value: string | undefined): boolean {
  return value !== undefined && !/^(?:0|false|no|off)$/i.test(value);
}
