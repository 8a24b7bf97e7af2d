import type { Setting } from "./client.ts";
import type { CommandDialect } from "./command-client.ts";

/** Where a reference has no tag of its own, folders are read and written under this one. */
const TAG = "1.0";

/** The command of this project. */
export function regDialect(program: readonly string[] = ["reg"]): CommandDialect {
  const common = ({ caFile, plainHttp, debug }: Setting): string[] => [
    // To loopback addresses it speaks plain http by itself.
    plainHttp ? "--plain-http" : "--https",
    ...(caFile === undefined ? [] : ["--ca", caFile]),
    ...(debug === true ? ["--debug"] : []),
    "--progress",
    "none",
  ];
  return {
    name: "reg",
    program,
    version: ["--version"],
    features: ["debug", "loopback-tls"],
    verbs: {
      pull: (o, s) => ["pull", o.reference, `oci:${o.folder}:${o.as ?? TAG}`, ...common(s)],
      push: (o, s) => ["push", `oci:${o.folder}:${TAG}`, o.reference, ...common(s)],
      copy: (o, s) => ["copy", o.from, o.to, ...common(s)],
      tags: (o, s) => ["tags", o.repository, ...common(s)],
      digest: (o, s) => ["digest", o.reference, ...common(s)],
      blob: (o, s) => ["blob", "get", `${o.repository}@${o.digest}`, "-o", o.file, ...common(s)],
      referrers: (o, s) => ["referrers", o.reference, ...ofType("--artifact-type", o), ...common(s)],
      tree: (o, s) => ["artifact", "discover", o.reference, ...common(s)],
      delete: (o, s) => ["delete", o.reference, ...common(s)],
      files: (o, s) => ["artifact", "pull", o.reference, o.folder, ...common(s)],
      export: (o, s) => ["export", o.reference, "-o", o.file, ...common(s)],
      request: (o, s) => [
        ...["api", "GET", o.url],
        ...Object.entries(o.headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]),
        ...common(s),
      ],
    },
  };
}

export const skopeoDialect: CommandDialect = {
  name: "skopeo",
  program: ["skopeo"],
  version: ["--version"],
  features: ["client-certificate", "debug", "loopback-tls"],
  verbs: {
    // Without these two flags skopeo compresses the layers anew, and every digest changes.
    pull: (o, s) => [
      ...(s.debug === true ? ["--debug"] : []),
      "copy",
      ...(s.clientCertificate === undefined ? [] : [`--src-cert-dir=${s.clientCertificate.folder}`]),
      ...["--preserve-digests", "--dest-oci-accept-uncompressed-layers", `--src-tls-verify=${!s.plainHttp}`],
      ...[`docker://${o.reference}`, `oci:${o.folder}:${o.as ?? TAG}`],
    ],
    push: (o, s) => [
      ...["copy", "--preserve-digests", `--dest-tls-verify=${!s.plainHttp}`],
      ...[`oci:${o.folder}:${TAG}`, `docker://${o.reference}`],
    ],
    copy: (o, s) => [
      ...[
        "copy",
        "--preserve-digests",
        `--src-tls-verify=${!s.plainHttp}`,
        `--dest-tls-verify=${!s.plainHttp}`,
      ],
      ...[`docker://${o.from}`, `docker://${o.to}`],
    ],
    tags: (o, s) => ["list-tags", `--tls-verify=${!s.plainHttp}`, `docker://${o.repository}`],
    digest: (o, s) => [
      "inspect",
      `--tls-verify=${!s.plainHttp}`,
      "--format",
      "{{.Digest}}",
      `docker://${o.reference}`,
    ],
    delete: (o, s) => ["delete", `--tls-verify=${!s.plainHttp}`, `docker://${o.reference}`],
  },
};

export const craneDialect: CommandDialect = {
  name: "crane",
  program: ["crane"],
  version: ["version"],
  features: ["debug", "loopback-tls"],
  verbs: {
    pull: (o, s) => [
      "pull",
      ...(s.debug === true ? ["--verbose"] : []),
      "--format",
      "oci",
      ...insecure(s),
      o.reference,
      o.folder,
    ],
    push: (o, s) => ["push", ...insecure(s), o.folder, o.reference],
    copy: (o, s) => ["copy", ...insecure(s), o.from, o.to],
    tags: (o, s) => ["ls", ...insecure(s), o.repository],
    digest: (o, s) => ["digest", ...insecure(s), o.reference],
    blob: (o, s) => ["blob", ...insecure(s), `${o.repository}@${o.digest}`],
    delete: (o, s) => ["delete", ...insecure(s), o.reference],
    export: (o, s) => ["export", ...insecure(s), o.reference, o.file],
  },
};

export const orasDialect: CommandDialect = {
  name: "oras",
  program: ["oras"],
  version: ["version"],
  features: ["loopback-tls"],
  verbs: {
    pull: (o, s) => ["copy", ...orasFrom(s), "--to-oci-layout", o.reference, `${o.folder}:${o.as ?? TAG}`],
    push: (o, s) => ["copy", ...orasTo(s), "--from-oci-layout", `${o.folder}:${TAG}`, o.reference],
    copy: (o, s) => ["copy", ...orasFrom(s), ...orasTo(s), o.from, o.to],
    tags: (o, s) => ["repo", "tags", ...plain(s), o.repository],
    digest: (o, s) => ["resolve", ...plain(s), o.reference],
    blob: (o, s) => ["blob", "fetch", ...plain(s), "--output", o.file, `${o.repository}@${o.digest}`],
    referrers: (o, s) => [
      ...["discover", "--depth", "1", ...ofType("--artifact-type", o)],
      ...[...plain(s), o.reference],
    ],
    tree: (o, s) => ["discover", ...plain(s), o.reference],
    delete: (o, s) => ["manifest", "delete", "--force", ...plain(s), o.reference],
    files: (o, s) => ["pull", ...plain(s), "--output", o.folder, o.reference],
  },
};

export const regctlDialect: CommandDialect = {
  name: "regctl",
  program: ["regctl"],
  version: ["version", "--format", "{{.VCSTag}}"],
  features: ["debug", "loopback-tls"],
  verbs: {
    pull: (o, s) => [
      ...(s.debug === true ? ["--verbosity", "trace"] : []),
      ...["image", "copy", ...tlsOff(s, o.reference), o.reference, `ocidir://${o.folder}:${o.as ?? TAG}`],
    ],
    push: (o, s) => ["image", "copy", ...tlsOff(s, o.reference), `ocidir://${o.folder}:${TAG}`, o.reference],
    copy: (o, s) => ["image", "copy", ...tlsOff(s, o.from, o.to), o.from, o.to],
    tags: (o, s) => ["tag", "ls", ...tlsOff(s, o.repository), o.repository],
    digest: (o, s) => ["image", "digest", ...tlsOff(s, o.reference), o.reference],
    blob: (o, s) => ["blob", "get", ...tlsOff(s, o.repository), o.repository, o.digest],
    referrers: (o, s) => [
      ...["artifact", "list", ...ofType("--filter-artifact-type", o)],
      ...[...tlsOff(s, o.reference), o.reference],
    ],
    tree: (o, s) => ["artifact", "tree", ...tlsOff(s, o.reference), o.reference],
    files: (o, s) => ["artifact", "get", ...tlsOff(s, o.reference), "--output", o.folder, o.reference],
    delete: (o, s) => [
      "manifest",
      "delete",
      "--force-tag-dereference",
      ...tlsOff(s, o.reference),
      o.reference,
    ],
  },
};

function ofType(option: string, { artifactType }: { readonly artifactType?: string }): string[] {
  return artifactType === undefined ? [] : [option, artifactType];
}

function insecure({ plainHttp }: Setting): string[] {
  return plainHttp ? ["--insecure"] : [];
}

function plain({ plainHttp }: Setting): string[] {
  return plainHttp ? ["--plain-http"] : [];
}

function orasFrom({ plainHttp }: Setting): string[] {
  return plainHttp ? ["--from-plain-http"] : [];
}

function orasTo({ plainHttp }: Setting): string[] {
  return plainHttp ? ["--to-plain-http"] : [];
}

function tlsOff({ plainHttp }: Setting, ...references: readonly string[]): string[] {
  if (!plainHttp) return [];
  const hosts = new Set(references.map((reference) => reference.slice(0, reference.indexOf("/"))));
  return [...hosts].flatMap((host) => ["--host", `reg=${host},tls=disabled`]);
}
