import type { CommandDefinition } from "../command.ts";
import { ANNOTATION, ARTIFACT_TYPE, REF } from "./arguments.ts";

const FILES = {
  name: "FILE",
  summary: "a file, or FILE:MEDIA/TYPE",
  many: true,
  completes: "file" as const,
};

export const ARTIFACTS: readonly CommandDefinition[] = [
  {
    name: "artifact push",
    summary: "Push files as an artifact",
    arguments: [REF, FILES],
    options: [ARTIFACT_TYPE, ANNOTATION],
    examples: [
      {
        line: "reg artifact push localhost:5000/charts/app:1 app.tgz:application/gzip",
        does: "oras pulls it as well",
      },
    ],
    resumable: true,
    load: () => import("../commands/artifact-push.ts"),
  },
  {
    name: "artifact pull",
    summary: "Pull an artifact's files into a folder",
    details: ["Names that would leave the folder are refused."],
    arguments: [
      REF,
      { name: "DIR", summary: "where to (default: here)", optional: true, completes: "folder" },
    ],
    options: [{ name: "overwrite", summary: "replace files that are there" }],
    examples: [
      {
        line: "reg artifact pull localhost:5000/charts/app:1 out",
        does: "under the names they were pushed with",
      },
    ],
    exits: { 7: "a name would leave the folder, or a file is there already" },
    resumable: true,
    load: () => import("../commands/artifact-pull.ts"),
  },
  {
    name: "artifact attach",
    summary: "Attach files to an image, as a referrer of it",
    arguments: [REF, FILES],
    options: [ARTIFACT_TYPE, ANNOTATION],
    examples: [
      {
        line: "reg artifact attach app:1 sbom.json --artifact-type application/spdx+json",
        does: "`reg referrers app:1` lists it then",
      },
    ],
    load: () => import("../commands/artifact-attach.ts"),
  },
  {
    name: "artifact discover",
    summary: "Show the tree of what is attached to an image",
    arguments: [REF],
    options: [{ ...ARTIFACT_TYPE, summary: "only of this type" }],
    examples: [{ line: "reg artifact discover app:1", does: "referrers, and referrers of those" }],
    load: () => import("../commands/artifact-discover.ts"),
  },
];
