import type { CommandDefinition, CommandGroup } from "./command.ts";
import { ARTIFACTS } from "./table/artifacts.ts";
import { CHANGING } from "./table/changing.ts";
import { LOOKING } from "./table/looking.ts";
import { MOVING } from "./table/moving.ts";
import { RAW } from "./table/raw.ts";
import { SIGNING_IN } from "./table/signing-in.ts";
import { TOOLS } from "./table/tools.ts";

/** Every command, under the headings of the help. */
export const GROUPS: readonly CommandGroup[] = [
  { title: "Move images", commands: MOVING },
  { title: "Look at images and registries", commands: LOOKING },
  { title: "Change images", commands: CHANGING },
  { title: "Artifacts", commands: ARTIFACTS },
  { title: "Blobs, manifests and raw requests", commands: RAW },
  { title: "Signing in", commands: SIGNING_IN },
  { title: "Tools", commands: TOOLS },
];

export const COMMANDS: readonly CommandDefinition[] = GROUPS.flatMap((group) => group.commands);
