import type { CommandDefinition } from "../command.ts";
import { BLOB, IF_NONE_MATCH, IF_NONE_MATCH_DETAILS, OUTPUT, REF, REPO } from "./arguments.ts";

export const RAW: readonly CommandDefinition[] = [
  {
    name: "blob get",
    summary: "Fetch a blob, verified",
    arguments: [BLOB],
    options: [
      OUTPUT,
      { name: "offset", value: "N", atLeast: 0, summary: "from this byte on; a part cannot be verified" },
      { name: "length", value: "N", atLeast: 1, summary: "this many bytes; a part cannot be verified" },
    ],
    examples: [
      {
        line: "reg blob get localhost:5000/app@sha256:… -o layer.tar.gz",
        does: "the file appears when it is right",
      },
    ],
    exits: { 6: "the bytes do not match the digest" },
    resumable: true,
    load: () => import("../commands/blob-get.ts"),
  },
  {
    name: "blob put",
    summary: "Store a file as a blob",
    arguments: [REPO, { name: "FILE", summary: "the file, or - for standard input", completes: "file" }],
    options: [
      {
        name: "strategy",
        value: "auto|monolithic|single-post|chunked",
        choices: ["auto", "monolithic", "single-post", "chunked"],
        summary: "how it is sent; without it as the registry lets it",
      },
      {
        name: "journal",
        value: "FILE",
        summary: "write down where the upload stands, and go on from there; as good as a key to the upload",
      },
    ],
    examples: [
      { line: "reg blob put localhost:5000/app layer.tar.gz", does: "prints its digest" },
      {
        line: "reg blob put localhost:5000/app layer.tar.gz --strategy chunked --journal layer.journal",
        does: "the same line goes on where a killed one stopped",
      },
    ],
    load: () => import("../commands/blob-put.ts"),
  },
  {
    name: "blob mount",
    summary: "Make a blob another repository's too, without moving it",
    arguments: [BLOB, { ...REPO, summary: "the other repository of the same registry" }],
    options: [],
    examples: [
      { line: "reg blob mount localhost:5000/app@sha256:… localhost:5000/copy", does: "one request" },
    ],
    load: () => import("../commands/blob-mount.ts"),
  },
  {
    name: "blob head",
    summary: "Show a blob's size without fetching it",
    arguments: [BLOB],
    options: [],
    examples: [{ line: "reg blob head localhost:5000/app@sha256:…", does: "digest and size" }],
    load: () => import("../commands/blob-head.ts"),
  },
  {
    name: "blob delete",
    summary: "Delete a blob",
    arguments: [BLOB],
    options: [],
    examples: [{ line: "reg blob delete localhost:5000/app@sha256:…", does: "where the registry allows it" }],
    load: () => import("../commands/blob-delete.ts"),
  },
  {
    name: "manifest get",
    summary: "Print a manifest, byte for byte (the same as `reg manifest`)",
    details: [IF_NONE_MATCH_DETAILS],
    arguments: [REF],
    options: [OUTPUT, IF_NONE_MATCH],
    examples: [
      { line: "reg manifest get alpine:3.20 -o manifest.json", does: "into a file" },
      {
        line: "reg manifest get --if-none-match sha256:… app:1 -o new.json",
        does: "a file only if it has changed",
      },
    ],
    load: () => import("../commands/manifest.ts"),
  },
  {
    name: "manifest put",
    summary: "Store a manifest, byte for byte",
    arguments: [REF, { name: "FILE", summary: "the manifest, or - for standard input", completes: "file" }],
    options: [
      { name: "media-type", value: "TYPE", summary: "its media type, where the document does not say" },
      { name: "tag", short: "t", value: "TAG", many: true, summary: "give it this tag too" },
      { name: "no-clobber", summary: "only where the tag is not there yet" },
      {
        name: "if-match",
        value: "VERSION",
        summary: "only where the tag, and each given by -t, is still this version: a digest or an etag",
      },
    ],
    details: [
      "--if-match asks by HEAD before it sends, and sends the condition along. Few registries heed it: with the others the two are not one step, and what somebody else writes in between is overwritten unnoticed.",
    ],
    examples: [
      { line: "reg manifest put localhost:5000/app:1 manifest.json", does: "prints its digest" },
      {
        line: "reg manifest put --if-match sha256:… localhost:5000/app:1 new.json",
        does: "unless the tag has moved",
      },
    ],
    load: () => import("../commands/manifest-put.ts"),
  },
  {
    name: "manifest head",
    summary: "Show a manifest's digest, type and size without fetching it",
    details: [IF_NONE_MATCH_DETAILS],
    arguments: [REF],
    options: [IF_NONE_MATCH],
    examples: [{ line: "reg manifest head alpine:3.20", does: "as the registry's headers have it" }],
    load: () => import("../commands/manifest-head.ts"),
  },
  {
    name: "manifest delete",
    summary: "Delete a manifest (the same as `reg delete`)",
    arguments: [REF],
    options: [],
    examples: [{ line: "reg manifest delete localhost:5000/app@sha256:…", does: "by digest" }],
    load: () => import("../commands/delete.ts"),
  },
  {
    name: "api",
    summary: "Send any request to a registry, signed in as usual",
    details: [
      "Redirects, retries and credentials are handled as for every other command. A status of 400 or more fails.",
    ],
    arguments: [
      { name: "METHOD", summary: "GET, HEAD, PUT, POST, PATCH or DELETE" },
      { name: "PATH", summary: "HOST/v2/… or a URL" },
    ],
    options: [
      { name: "header", short: "H", value: "NAME:VALUE", many: true, summary: "send this header" },
      { name: "data", short: "d", value: "TEXT|@FILE|-", summary: "send this body" },
      {
        name: "scope",
        value: "SCOPE",
        many: true,
        summary: "ask the token server for this (default: pull, or pull and push where the method writes)",
      },
      { name: "include", short: "i", summary: "print status and headers too" },
      OUTPUT,
    ],
    examples: [{ line: "reg api GET localhost:5000/v2/_catalog", does: "the body as it comes" }],
    load: () => import("../commands/api.ts"),
  },
];
