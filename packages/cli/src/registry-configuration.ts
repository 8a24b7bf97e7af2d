import type { CreateClientOptions } from "@reg/sdk";
import type { Call } from "./call.ts";
import { UsageError } from "./usage-error.ts";

/** Certificates, mirrors, insecure hosts and credential helpers as the files of other tools have them. */
export async function registryConfiguration(
  call: Call,
): Promise<Pick<CreateClientOptions, "mirrors" | "tlsFor" | "insecure" | "credentialHelpers">> {
  const conf = call.text("registries-conf");
  const folder = call.text("hosts-dir");
  if (conf !== undefined && folder !== undefined) {
    throw new UsageError(
      "--registries-conf and --hosts-dir both say which mirrors there are",
      "give one of them",
    );
  }
  if (conf === undefined && folder === undefined) return { tlsFor: lazyCertificates() };
  const { readHostsFolder, readRegistriesConf } = await import("@reg/transport/node");
  if (folder !== undefined) {
    const { planner, tlsFor } = readHostsFolder(folder);
    return { mirrors: planner, tlsFor };
  }
  const { planner, insecureHosts, credentialHelpers } = await readRegistriesConf(
    conf === undefined ? {} : { path: conf },
  );
  return { mirrors: planner, insecure: insecureHosts, credentialHelpers, tlsFor: lazyCertificates() };
}

/** The `certs.d` folders of docker and podman, read when the first certificate is asked for. */
function lazyCertificates(): NonNullable<CreateClientOptions["tlsFor"]> {
  let read: Promise<NonNullable<CreateClientOptions["tlsFor"]>> | undefined;
  return async (host) => {
    read ??= import("@reg/transport/node").then(({ readCertsFolders }) => readCertsFolders());
    return (await read)(host);
  };
}
