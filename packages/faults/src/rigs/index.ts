import { blackHole } from "./black-hole.ts";
import { diskFull } from "./disk-full.ts";
import { identities } from "./identities.ts";
import { killPull, killPush } from "./kill.ts";
import { parsers } from "./parsers.ts";
import { resets } from "./resets.ts";
import type { Rig } from "./rig.ts";
import { soak } from "./soak.ts";

/** Everything that is too long for a test. */
export const rigs: readonly Rig[] = [
  killPull,
  killPush,
  diskFull,
  resets,
  soak,
  identities,
  parsers,
  blackHole,
];
