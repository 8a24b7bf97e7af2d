import { startDockerRegistry } from "../../../.config/docker-registry.ts";
import { hasPrograms } from "../../../.config/programs.ts";
import { clientSuite } from "./support/client-suite.ts";

clientSuite(
  "with Debian's docker-registry",
  () => startDockerRegistry(),
  { deletesTags: false, referrersApi: false },
  !hasPrograms("docker-registry"),
);
