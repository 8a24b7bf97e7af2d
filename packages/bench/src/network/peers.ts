import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** A command-line client, and how it says each of the jobs. Folders are OCI layouts with the tag `1.0`. */
export interface Peer {
  readonly name: string;
  readonly version: string;
  /** What only says its version: the cost of starting. */
  readonly ask: readonly string[];
  /** With `tls`, the registry's certificate is nobody's. */
  pull(reference: string, folder: string, tls?: boolean): readonly string[];
  push(folder: string, reference: string): readonly string[];
  copy(from: string, to: string): readonly string[];
}

/** Another build may be named, to be measured in the place of this one's. */
const main =
  process.env["REG_BENCH_MAIN"] ??
  fileURLToPath(import.meta.resolve("@reg/cli/package.json")).replace("package.json", "dist/main.js");
const noProgress = ["--progress", "none"];
const quiet = [...noProgress, "--plain-http"];

const KNOWN: readonly Omit<Peer, "version">[] = [
  {
    name: "reg",
    ask: [process.execPath, main, "--version"],
    pull: (reference, folder, tls = false) => [
      ...[process.execPath, main, "pull", reference, `oci:${folder}:1.0`, "--all-platforms"],
      ...(tls ? [...noProgress, "--insecure"] : quiet),
    ],
    push: (folder, reference) => [process.execPath, main, "push", `oci:${folder}:1.0`, reference, ...quiet],
    copy: (from, to) => [process.execPath, main, "copy", from, to, ...quiet],
  },
  {
    name: "crane",
    ask: ["crane", "version"],
    pull: (reference, folder, tls = false) => [
      ...["crane", "pull", "--format", "oci", reference, folder],
      ...(tls ? ["--insecure"] : []),
    ],
    push: (folder, reference) => ["crane", "push", "--index", folder, reference],
    copy: (from, to) => ["crane", "copy", from, to],
  },
  {
    name: "oras",
    ask: ["oras", "version"],
    pull: (reference, folder, tls = false) => [
      "oras",
      "copy",
      tls ? "--from-insecure" : "--from-plain-http",
      "--to-oci-layout",
      reference,
      `${folder}:1.0`,
    ],
    push: (folder, reference) => [
      "oras",
      "copy",
      "--to-plain-http",
      "--from-oci-layout",
      `${folder}:1.0`,
      reference,
    ],
    copy: (from, to) => ["oras", "copy", "--from-plain-http", "--to-plain-http", from, to],
  },
  {
    name: "regctl",
    ask: ["regctl", "version", "--format", "{{.VCSTag}}"],
    pull: (reference, folder, tls = false) => [
      "regctl",
      "image",
      "copy",
      ...(tls ? hostOption("insecure", reference) : hostOption("disabled", reference)),
      reference,
      `ocidir://${folder}:1.0`,
    ],
    push: (folder, reference) => [
      "regctl",
      "image",
      "copy",
      ...hostOption("disabled", reference),
      `ocidir://${folder}:1.0`,
      reference,
    ],
    copy: (from, to) => ["regctl", "image", "copy", ...hostOption("disabled", from, to), from, to],
  },
  {
    name: "skopeo",
    ask: ["skopeo", "--version"],
    pull: (reference, folder) => [
      ...["skopeo", "copy", "--all", "--preserve-digests", "--dest-oci-accept-uncompressed-layers"],
      ...["--src-tls-verify=false", `docker://${reference}`, `oci:${folder}:1.0`],
    ],
    push: (folder, reference) => [
      ...["skopeo", "copy", "--all", "--preserve-digests", "--dest-tls-verify=false"],
      ...[`oci:${folder}:1.0`, `docker://${reference}`],
    ],
    copy: (from, to) => [
      ...[
        "skopeo",
        "copy",
        "--all",
        "--preserve-digests",
        "--src-tls-verify=false",
        "--dest-tls-verify=false",
      ],
      ...[`docker://${from}`, `docker://${to}`],
    ],
  },
];

/** Ourselves, and each peer that is installed. */
export function peers(): readonly Peer[] {
  return KNOWN.flatMap((peer) => {
    const version = versionOf(peer.ask);
    return version === undefined ? [] : [{ ...peer, version }];
  });
}

function versionOf([program = "", ...args]: readonly string[]): string | undefined {
  try {
    const output = execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return /v?\d+\.\d+[\w.+-]*/.exec(output)?.[0] ?? output.trim();
  } catch {
    return undefined;
  }
}

function hostOption(tls: "disabled" | "insecure", ...references: readonly string[]): readonly string[] {
  const hosts = new Set(references.map((reference) => reference.slice(0, reference.indexOf("/"))));
  return [...hosts].flatMap((host) => ["--host", `reg=${host},tls=${tls}`]);
}
