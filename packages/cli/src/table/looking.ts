import type { CommandDefinition } from "../command.ts";
import {
  ANNOTATION,
  ARTIFACT_TYPE,
  HOST,
  IF_NONE_MATCH,
  IF_NONE_MATCH_DETAILS,
  IMAGE,
  LISTING_OPTIONS,
  OUTPUT,
  REF,
  REPO,
} from "./arguments.ts";

export const LOOKING: readonly CommandDefinition[] = [
  {
    name: "inspect",
    summary: "Show what an image is: digest, platform, labels, layers",
    arguments: [REF],
    options: [
      { name: "sizes", summary: "with the size of every platform: a request more for each" },
      { name: "history", summary: "with the steps it was made by; as JSON they are always there" },
    ],
    examples: [
      { line: "reg inspect alpine:3.20", does: "for a person" },
      { line: "reg inspect --sizes --history alpine:3.20", does: "all platforms, and every step" },
      { line: "reg inspect --json alpine:3.20", does: "for a program" },
    ],
    load: () => import("../commands/inspect.ts"),
  },
  {
    name: "tags",
    summary: "List the tags of a repository",
    arguments: [REPO],
    options: [
      ...LISTING_OPTIONS,
      { name: "with-digests", summary: "with each tag its digest; as JSON its media type and size too" },
      { name: "with-created", summary: "with each tag its digest and when its image was made" },
      {
        name: "with-sizes",
        summary: "with each tag its digest and the size of the whole image, for --platform",
      },
      { name: "match", value: "GLOB", summary: "only tags that match, such as 3.*" },
      {
        name: "semver",
        value: "RANGE",
        summary: "only versions in this range, such as '^3.18' or '>=1.2 <2 || 3.x'",
      },
      {
        name: "order",
        value: "name|semver|created",
        choices: ["name", "semver", "created"],
        summary: "in this order; without it as the registry gives them. created asks for every image",
      },
      { name: "reverse", summary: "the last first" },
    ],
    examples: [
      {
        line: "reg tags alpine --semver '>=3.18' --order semver --reverse --limit 5",
        does: "the five highest versions",
      },
      {
        line: "reg tags ghcr.io/team/app --match 'nightly-*' --order created --reverse --limit 1 --with-created",
        does: "the newest nightly, and when it was made",
      },
    ],
    load: () => import("../commands/tags.ts"),
  },
  {
    name: "digest",
    summary: "Print the digest that a tag stands for",
    arguments: [REF],
    options: [],
    examples: [{ line: "reg digest alpine:3.20", does: "one request, no body" }],
    load: () => import("../commands/digest.ts"),
  },
  {
    name: "manifest",
    summary: "Print a manifest, byte for byte",
    details: [IF_NONE_MATCH_DETAILS],
    arguments: [REF],
    options: [OUTPUT, IF_NONE_MATCH],
    examples: [
      { line: "reg manifest alpine:3.20 | sha256sum", does: "the digest again" },
      { line: "reg manifest --platform linux/arm64 alpine:3.20", does: "of one platform" },
    ],
    load: () => import("../commands/manifest.ts"),
  },
  {
    name: "config",
    summary: "Print an image's configuration, byte for byte",
    arguments: [REF],
    options: [],
    examples: [
      { line: "reg config --platform linux/amd64 alpine:3.20", does: "entrypoint, environment, history" },
    ],
    load: () => import("../commands/config.ts"),
  },
  {
    name: "exists",
    summary: "Say whether an image is there",
    details: [
      "The exit code is the answer; whether it cannot be told (no access, no network) has a code of its own.",
    ],
    arguments: [REF],
    options: [],
    examples: [
      { line: "reg exists -q localhost:5000/app:1.2 || make push", does: "pushes only what is missing" },
    ],
    exits: { 0: "it is there", 3: "it is not there" },
    load: () => import("../commands/exists.ts"),
  },
  {
    name: "created",
    summary: "Print when an image was made",
    arguments: [REF],
    options: [],
    examples: [{ line: "reg created alpine:3.20", does: "as 2024-05-22T18:18:12Z" }],
    load: () => import("../commands/created.ts"),
  },
  {
    name: "referrers",
    summary: "List what refers to an image: signatures, SBOMs, attestations",
    arguments: [REF],
    options: [
      { ...ARTIFACT_TYPE, summary: "only of this type" },
      { ...ANNOTATION, summary: "only what has this annotation" },
    ],
    examples: [
      {
        line: "reg referrers ghcr.io/team/app:1.2",
        does: "by the referrers API, or by tags where it is missing",
      },
    ],
    load: () => import("../commands/referrers.ts"),
  },
  {
    name: "ls",
    summary: "List files inside an image, without pulling it whole",
    arguments: [IMAGE, { name: "PATH", summary: "a folder (default: /)", optional: true }],
    options: [{ name: "recursive", short: "r", summary: "and everything below" }],
    examples: [{ line: "reg ls alpine:3.20 /etc", does: "names, sizes and modes" }],
    load: () => import("../commands/ls.ts"),
  },
  {
    name: "cat",
    summary: "Print a file inside an image, without pulling it whole",
    arguments: [IMAGE, { name: "PATH", summary: "a file" }],
    options: [],
    examples: [{ line: "reg cat alpine:3.20 /etc/os-release", does: "reads only the layer that has it" }],
    exits: { 3: "no such image, or no such file in it" },
    load: () => import("../commands/cat.ts"),
  },
  {
    name: "catalog",
    summary: "List the repositories of a registry",
    arguments: [HOST],
    options: LISTING_OPTIONS,
    examples: [{ line: "reg catalog localhost:5000", does: "where the registry allows it" }],
    load: () => import("../commands/catalog.ts"),
  },
  {
    name: "search",
    summary: "List the repositories whose name contains a text",
    arguments: [HOST, { name: "TEXT", summary: "part of a name, taken literally" }],
    options: LISTING_OPTIONS,
    examples: [{ line: "reg search localhost:5000 team/", does: "looks through the catalogue" }],
    load: () => import("../commands/search.ts"),
  },
  {
    name: "ping",
    summary: "Say whether a registry answers, and what it asks for",
    arguments: [HOST],
    options: [],
    examples: [{ line: "reg ping localhost:5000", does: "one request to /v2/" }],
    load: () => import("../commands/ping.ts"),
  },
  {
    name: "capabilities",
    summary: "Show what a registry can do, as far as reading tells",
    details: [
      "Asks for the catalog and, where NAME has a repository, by HEAD for a manifest and for its referrers. Nothing is written or deleted, so that what only writing tells stays unknown (-, as JSON null).",
      "As JSON, snapshot is what a client takes as its option capabilities: the facts with the time each was learnt, believed for an hour.",
    ],
    arguments: [
      { name: "NAME", summary: "a registry, or an image in it: localhost:5000, ghcr.io/owner/app:1" },
    ],
    options: [],
    examples: [
      { line: "reg capabilities localhost:5000", does: "whether it lists its repositories" },
      { line: "reg capabilities --json localhost:5000/app:1", does: "with HEAD and referrers" },
    ],
    load: () => import("../commands/capabilities.ts"),
  },
  {
    name: "ratelimit",
    summary: "Show how many pulls a registry still allows",
    arguments: [REF],
    options: [],
    examples: [{ line: "reg ratelimit alpine", does: "asks with HEAD, which costs none" }],
    load: () => import("../commands/ratelimit.ts"),
  },
];
