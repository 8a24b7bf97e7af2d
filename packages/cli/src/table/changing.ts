import type { CommandDefinition } from "../command.ts";
import { ANNOTATION, IMAGE, REF, REPO, TARGET } from "./arguments.ts";

const TO = {
  name: "to",
  value: "TARGET",
  summary: "where the result goes: a reference, oci:DIR[:TAG] or an archive",
};

export const CHANGING: readonly CommandDefinition[] = [
  {
    name: "tag",
    summary: "Give an image further tags, without moving a byte",
    arguments: [REF, { name: "TAG", summary: "a tag of the same repository", many: true }],
    options: [],
    examples: [{ line: "reg tag ghcr.io/team/app:1.2.3 1.2 1 latest", does: "three more names" }],
    load: () => import("../commands/tag.ts"),
  },
  {
    name: "untag",
    summary: "Remove a tag and leave what it stands for",
    details: [
      "Registries that can only delete by digest would take every other tag of that digest along; that is refused unless --emulate says to put a placeholder under the tag and delete the placeholder.",
    ],
    arguments: [REF],
    options: [
      { name: "emulate", summary: "where a registry cannot: put a placeholder under the tag and delete it" },
    ],
    examples: [{ line: "reg untag ghcr.io/team/app:old", does: "other tags of the same image stay" }],
    load: () => import("../commands/untag.ts"),
  },
  {
    name: "delete",
    summary: "Delete a manifest, and with it every tag that stands for it",
    arguments: [REF],
    options: [],
    examples: [
      { line: "reg delete localhost:5000/app@sha256:…", does: "by digest" },
      { line: "reg delete localhost:5000/app:1.2", does: "resolves the tag, then deletes by digest" },
    ],
    load: () => import("../commands/delete.ts"),
  },
  {
    name: "repository delete",
    summary: "Delete a repository with everything in it",
    details: [
      "No specification says how. Some registries have a way of their own, which is found out by asking: Azure's and Harbor's take the account that is signed in, and so does `reg serve`; Quay's takes the token of an OAuth application with the right to administer the repository.",
      "Where a registry has none, --by emptying deletes every tag and every manifest that can be reached from one: those of indexes, and what refers to them. Manifests that nothing names are found by nobody; --manifest names them. Blobs are left to the registry's garbage collection, and the name may stay in its catalog. A manifest that is refused keeps what it leads to, and nothing else; what remains is printed, and the same line goes on, with --manifest for what no tag leads to any more.",
    ],
    arguments: [REPO],
    options: [
      {
        name: "by",
        value: "registry|emptying|either",
        choices: ["registry", "emptying", "either"],
        summary:
          "who deletes: the registry, reg itself manifest by manifest, or whichever can (default: registry)",
      },
      {
        name: "manifest",
        value: "DIGEST",
        many: true,
        summary: "while emptying, this manifest too, which no tag leads to",
      },
      { name: "api-token-stdin", summary: "read the token for the registry's own API from standard input" },
      { name: "dry-run", summary: "say what would be deleted, and delete nothing" },
      { name: "yes", short: "y", summary: "do not ask; needed where there is no terminal to ask on" },
    ],
    examples: [
      { line: "reg repository delete localhost:5000/team/app --dry-run", does: "how much there is of it" },
      { line: "reg repository delete harbor.example/team/app --yes", does: "without being asked" },
      {
        line: "reg repository delete localhost:5000/team/app --by emptying",
        does: "where the registry has no way to do it",
      },
      {
        line: "reg repository delete quay.io/team/app --api-token-stdin --yes < token",
        does: "as an OAuth application",
      },
    ],
    resumable: true,
    load: () => import("../commands/repository-delete.ts"),
  },
  {
    name: "append",
    summary: "Add layers to an image",
    arguments: [
      REF,
      { name: "LAYER.tar", summary: "a tar file, compressed or not", many: true, completes: "file" },
    ],
    options: [TO, ANNOTATION],
    examples: [
      {
        line: "reg append alpine:3.20 files.tar --to localhost:5000/app:1",
        does: "the base's layers are mounted or copied",
      },
    ],
    load: () => import("../commands/append.ts"),
  },
  {
    name: "mutate",
    summary: "Change an image's configuration, labels or annotations",
    arguments: [IMAGE],
    options: [
      TO,
      ANNOTATION,
      { name: "label", value: "KEY=VALUE", many: true, summary: "set this label" },
      { name: "env", value: "KEY=VALUE", many: true, summary: "set this environment variable" },
      { name: "entrypoint", value: "WORD", many: true, summary: "the entrypoint, one word each time" },
      { name: "cmd", value: "WORD", many: true, summary: "the default arguments, one word each time" },
      { name: "user", value: "USER", summary: "run as this user" },
      { name: "workdir", value: "DIR", summary: "start in this folder" },
      { name: "set-platform", value: "OS/ARCH[/VARIANT]", summary: "declare this platform" },
    ],
    examples: [
      { line: "reg mutate app:1 --label team=a --to app:1-labelled", does: "a new digest under another tag" },
    ],
    load: () => import("../commands/mutate.ts"),
  },
  {
    name: "rebase",
    summary: "Put an image's own layers onto a new base",
    arguments: [IMAGE],
    options: [
      TO,
      { name: "old-base", value: "REF", summary: "the base it was built on" },
      { name: "new-base", value: "REF", summary: "the base to put it on" },
    ],
    examples: [
      {
        line: "reg rebase app:1 --old-base alpine:3.20.0 --new-base alpine:3.20.3 --to app:1-rebased",
        does: "no layer is built again",
      },
    ],
    load: () => import("../commands/rebase.ts"),
  },
  {
    name: "index",
    summary: "Make one image for several platforms out of several images",
    details: [
      "With --append the platforms that TARGET has already are kept; one that is given again is replaced.",
    ],
    arguments: [TARGET, { ...IMAGE, many: true }],
    options: [{ name: "append", summary: "keep the platforms that are there already" }, ANNOTATION],
    examples: [{ line: "reg index app:1 app:1-amd64 app:1-arm64", does: "each under its own platform" }],
    load: () => import("../commands/index-command.ts"),
  },
];
