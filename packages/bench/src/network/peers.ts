import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Role } from "../job.ts";

/** A command-line client, and how it says each of the jobs it can do. Folders are OCI layouts with the tag `1.0`. */
export interface Peer {
  readonly name: string;
  readonly role: Role;
  readonly version: string;
  /** What only says its version: the cost of starting. */
  readonly ask: readonly string[];
  pull?(job: PullJob): readonly string[];
  push?(folder: string, reference: string): readonly string[];
  copy?(from: string, to: string): readonly string[];
}

export interface PullJob {
  readonly reference: string;
  readonly folder: string;
  /** The registry's certificate is nobody's. */
  readonly tls: boolean;
  /** What the image is made of, for whoever cannot find out. */
  readonly blobs: readonly { readonly digest: string; readonly size: number }[];
}

/** Another build may be named, to be measured in the place of this one's. */
export const regMain: string =
  process.env["REG_BENCH_MAIN"] ??
  fileURLToPath(import.meta.resolve("@reg/cli/package.json")).replace("package.json", "dist/main.js");

type Known = Omit<Peer, "version" | "role">;

const reg: Known = {
  name: "reg",
  ask: [process.execPath, regMain, "--version"],
  pull: ({ reference, folder, tls }) => [
    ...[process.execPath, regMain, "pull", reference, `oci:${folder}:1.0`, "--all-platforms"],
    ...["--progress", "none", tls ? "--insecure" : "--plain-http"],
  ],
  push: (folder, reference) => [
    ...[process.execPath, regMain, "push", `oci:${folder}:1.0`, reference],
    ...["--progress", "none", "--insecure"],
  ],
  copy: (from, to) => [
    ...[process.execPath, regMain, "copy", from, to],
    ...["--progress", "none", "--plain-http"],
  ],
};

const crane: Known = {
  name: "crane",
  ask: ["crane", "version"],
  pull: ({ reference, folder, tls }) => [
    ...["crane", "pull", "--format", "oci", reference, folder],
    ...(tls ? ["--insecure"] : []),
  ],
  push: (folder, reference) => ["crane", "push", "--index", folder, reference],
  copy: (from, to) => ["crane", "copy", from, to],
};

const oras: Known = {
  name: "oras",
  ask: ["oras", "version"],
  pull: ({ reference, folder, tls }) => [
    ...["oras", "copy", tls ? "--from-insecure" : "--from-plain-http", "--to-oci-layout"],
    ...[reference, `${folder}:1.0`],
  ],
  push: (folder, reference) => [
    ...["oras", "copy", "--to-plain-http", "--from-oci-layout"],
    ...[`${folder}:1.0`, reference],
  ],
  copy: (from, to) => ["oras", "copy", "--from-plain-http", "--to-plain-http", from, to],
};

const regctl: Known = {
  name: "regctl",
  ask: ["regctl", "version", "--format", "{{.VCSTag}}"],
  pull: ({ reference, folder, tls }) => [
    ...["regctl", "image", "copy", ...hostOption(tls ? "insecure" : "disabled", reference)],
    ...[reference, `ocidir://${folder}:1.0`],
  ],
  push: (folder, reference) => [
    ...["regctl", "image", "copy", ...hostOption("disabled", reference)],
    ...[`ocidir://${folder}:1.0`, reference],
  ],
  copy: (from, to) => ["regctl", "image", "copy", ...hostOption("disabled", from, to), from, to],
};

const skopeo: Known = {
  name: "skopeo",
  ask: ["skopeo", "--version"],
  pull: ({ reference, folder }) => [
    ...["skopeo", "copy", "--all", "--preserve-digests", "--dest-oci-accept-uncompressed-layers"],
    ...["--src-tls-verify=false", `docker://${reference}`, `oci:${folder}:1.0`],
  ],
  push: (folder, reference) => [
    ...["skopeo", "copy", "--all", "--preserve-digests", "--dest-tls-verify=false"],
    ...[`oci:${folder}:1.0`, `docker://${reference}`],
  ],
  copy: (from, to) => [
    ...["skopeo", "copy", "--all", "--preserve-digests", "--src-tls-verify=false", "--dest-tls-verify=false"],
    ...[`docker://${from}`, `docker://${to}`],
  ],
};

/** Ourselves first, and each peer that is installed. */
export function peers(): readonly Peer[] {
  return [reg, crane, oras, regctl, skopeo].flatMap((known) => {
    const version = versionOf(known.ask);
    const role = known === reg ? "ours" : "peer";
    return version === undefined ? [] : [{ ...known, role, version }];
  });
}

/** What a program says its version is; `undefined` where it cannot be started. */
export function versionOf([program = "", ...args]: readonly string[]): string | undefined {
  try {
    const output = execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return /v?\d+\.\d+[\w.+-]*/.exec(output)?.[0] ?? output.trim();
  } catch {
    return undefined;
  }
}

function hostOption(tls: "disabled" | "insecure", ...references: readonly string[]): readonly string[] {
  return [...new Set(references.map(hostOf))].flatMap((host) => ["--host", `reg=${host},tls=${tls}`]);
}

/** The registry's part of a reference. */
export function hostOf(reference: string): string {
  return reference.slice(0, reference.indexOf("/"));
}
