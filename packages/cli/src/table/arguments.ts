import type { ArgumentDefinition, OptionDefinition } from "../command.ts";

/** Arguments and options that several commands share, so that they read alike everywhere. */

export const REF: ArgumentDefinition = {
  name: "REF",
  summary: "an image: HOST/NAME:TAG or HOST/NAME@DIGEST; Docker Hub where no host is given",
};

export const REPO: ArgumentDefinition = { name: "REPO", summary: "a repository: HOST/NAME" };

export const HOST: ArgumentDefinition = {
  name: "HOST",
  summary: "a registry: ghcr.io, localhost:5000, docker.io",
};

export const BLOB: ArgumentDefinition = { name: "REPO@DIGEST", summary: "a blob of a repository" };

export const SOURCE: ArgumentDefinition = {
  name: "SOURCE",
  summary: "a reference, oci:DIR[:TAG], oci-archive:FILE[:TAG] or docker-archive:FILE[:TAG]",
  completes: "file",
};

export const TARGET: ArgumentDefinition = {
  name: "TARGET",
  summary: "a reference, oci:DIR[:TAG], oci-archive:FILE[:TAG] or docker-archive:FILE[:TAG]",
  completes: "file",
};

export const OUTPUT: OptionDefinition = {
  name: "output",
  short: "o",
  value: "FILE",
  summary: "write to this file instead of standard output; it appears only when all of it is there",
};

export const IF_NONE_MATCH: OptionDefinition = {
  name: "if-none-match",
  value: "VERSION",
  summary: "only if it is no longer this version: a digest, or the etag that --json gives",
};

/** What polling gets to see. */
export const IF_NONE_MATCH_DETAILS: string =
  "With --if-none-match, standard output stays empty while it is still that version (as JSON: modified is false), and the exit code is 0 all the same.";

export const ANNOTATION: OptionDefinition = {
  name: "annotation",
  value: "KEY=VALUE",
  many: true,
  summary: "set this annotation on the manifest",
};

/** Which part of a listing. */
export const LISTING_OPTIONS: readonly OptionDefinition[] = [
  { name: "limit", value: "N", atLeast: 1, summary: "stop after this many" },
  { name: "after", value: "NAME", summary: "begin behind this one, in the registry's order" },
  { name: "page-size", value: "N", atLeast: 1, summary: "ask for pages of this length" },
];

/** What goes along with a copy. */
export const COPY_OPTIONS: readonly OptionDefinition[] = [
  { name: "referrers", summary: "take signatures, SBOMs and other referrers along, and theirs" },
  { name: "digest-tags", summary: "take tags of the form sha256-….sig along" },
  { name: "foreign-layers", summary: "take layers along that are marked not to be distributed" },
  {
    name: "sparse",
    summary: "with --platform, keep the index as it is, without the other platforms' content",
  },
  {
    name: "format",
    value: "oci|docker",
    choices: ["oci", "docker"],
    summary: "convert the manifests to this format; digests change",
  },
  {
    name: "no-sync",
    summary: "do not wait until the disk has what was written: faster, and lost in a power failure",
  },
  { name: "dry-run", summary: "say what would be moved, and move nothing; with --json as a plan" },
  { name: "plan", value: "FILE", summary: "do what this plan says: one that --dry-run --json printed" },
];

/** An image that a command reads, wherever it is. */
export const IMAGE: ArgumentDefinition = {
  name: "REF",
  summary: "an image: a reference, oci:DIR[:TAG], oci-archive:FILE[:TAG] or docker-archive:FILE[:TAG]",
  completes: "file",
};

/** Which artifact, for commands that make one. */
export const ARTIFACT_TYPE: OptionDefinition = {
  name: "artifact-type",
  value: "TYPE",
  summary: "the artifact's type, such as application/vnd.example.sbom",
};
