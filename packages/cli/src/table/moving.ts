import type { CommandDefinition } from "../command.ts";
import { COPY_OPTIONS, IMAGE, OUTPUT, REF, SOURCE, TARGET } from "./arguments.ts";

const NOT_THERE = "the source, or its tag, is not there";
const CORRUPT = "bytes that came do not match their digest; none of them was kept";

export const MOVING: readonly CommandDefinition[] = [
  {
    name: "pull",
    summary: "Pull an image into an OCI layout or an archive",
    details: [
      "Every byte is verified before it gets its final name. An interrupted pull into oci:DIR leaves whole blobs behind, and the next one fetches only what is missing. An image for several platforms is pulled for all of them unless --platform chooses.",
    ],
    arguments: [
      REF,
      { ...TARGET, summary: "oci:DIR[:TAG], oci-archive:FILE[:TAG] or docker-archive:FILE[:TAG]" },
    ],
    options: COPY_OPTIONS,
    examples: [
      { line: "reg pull alpine:3.20 oci:alpine", does: "into the folder alpine, under the tag 3.20" },
      {
        line: "reg pull --platform linux/arm64 alpine:3.20 docker-archive:alpine.tar",
        does: "for docker load",
      },
    ],
    exits: { 3: NOT_THERE, 6: CORRUPT },
    resumable: true,
    load: () => import("../commands/pull.ts"),
  },
  {
    name: "push",
    summary: "Push an image from an OCI layout or an archive",
    details: [
      "What the registry has already is not sent again; layers are mounted from other repositories where they can be.",
    ],
    arguments: [
      { ...SOURCE, summary: "oci:DIR[:TAG], oci-archive:FILE[:TAG] or docker-archive:FILE[:TAG]" },
      REF,
    ],
    options: [
      ...COPY_OPTIONS,
      { name: "tag", short: "t", value: "TAG", many: true, summary: "give it this tag as well" },
    ],
    examples: [
      {
        line: "reg push oci:build:latest localhost:5000/team/app:1.2",
        does: "from a layout that buildah or skopeo made",
      },
      { line: "reg push oci:build ghcr.io/team/app:1.2 -t 1 -t latest", does: "under three tags" },
    ],
    exits: { 3: NOT_THERE, 6: CORRUPT },
    resumable: true,
    load: () => import("../commands/push.ts"),
  },
  {
    name: "copy",
    summary: "Copy an image from anywhere to anywhere",
    details: [
      "Between two repositories of one registry the blobs are mounted, not moved. Manifests arrive as the bytes they are, so digests stay.",
    ],
    arguments: [SOURCE, TARGET],
    options: COPY_OPTIONS,
    examples: [
      {
        line: "reg copy alpine:3.20 localhost:5000/mirror/alpine:3.20",
        does: "from Docker Hub to a registry of one's own",
      },
      { line: "reg copy --referrers ghcr.io/a/app:1 ghcr.io/b/app:1", does: "with signatures and SBOMs" },
      {
        line: "reg copy --dry-run --json app:1 ghcr.io/b/app:1 > plan.json",
        does: "a plan to look at; tags that move meanwhile do not change it",
      },
      { line: "reg copy --plan plan.json app:1 ghcr.io/b/app:1", does: "does what the plan says" },
    ],
    exits: { 3: NOT_THERE, 6: CORRUPT },
    resumable: true,
    load: () => import("../commands/copy.ts"),
  },
  {
    name: "sync",
    summary: "Mirror repositories by the rules of a file",
    details: [
      "Each rule names a source and a target repository and says which tags: globs, a semver range, the newest n, platforms, referrers. A bad tag is reported and the rest goes on; nothing is deleted unless the rule says so.",
    ],
    arguments: [{ name: "FILE.yaml", summary: "the rules", completes: "file" }],
    options: [
      { name: "dry-run", summary: "say what would be done, and do nothing" },
      {
        name: "cursor",
        value: "FILE",
        summary: "keep in this file how far it came, so that a run that was stopped is not begun anew",
      },
    ],
    examples: [
      { line: "reg sync mirror.yaml --dry-run", does: "each tag that would be copied or deleted" },
      {
        line: "reg sync mirror.yaml --cursor mirror.cursor",
        does: "goes on where it was stopped; the file goes away when all is done",
      },
    ],
    exits: { 1: "one tag or more could not be mirrored; the report says which" },
    resumable: true,
    load: () => import("../commands/sync.ts"),
  },
  {
    name: "verify",
    summary: "Check that everything below an image is there and is what its digest says",
    arguments: [{ ...TARGET, summary: "what to check: a reference, oci:DIR[:TAG] or an archive" }],
    options: [
      { name: "sparse", summary: "accept an index whose other platforms are not there" },
      { name: "referrers", summary: "check signatures, SBOMs and other referrers too" },
    ],
    examples: [{ line: "reg verify oci:alpine:3.20", does: "reads and hashes every blob" }],
    exits: { 6: "content is missing or wrong; each piece is named" },
    load: () => import("../commands/verify.ts"),
  },
  {
    name: "repair",
    summary: "Mend what verify finds, from a source that has it",
    arguments: [{ ...TARGET, summary: "what to mend: a reference or oci:DIR[:TAG]" }],
    options: [{ name: "from", value: "SOURCE", summary: "where good content is" }],
    examples: [
      { line: "reg repair oci:alpine:3.20 --from alpine:3.20", does: "fetches the pieces that are bad" },
    ],
    exits: { 6: "something could not be mended" },
    resumable: true,
    load: () => import("../commands/repair.ts"),
  },
  {
    name: "export",
    summary: "Write an image's file system as one tar stream",
    arguments: [IMAGE],
    options: [OUTPUT],
    examples: [{ line: "reg export alpine:3.20 | tar -C root -xf -", does: "unpacks it" }],
    load: () => import("../commands/export.ts"),
  },
];
