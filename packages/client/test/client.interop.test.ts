import { clientSuite } from "./support/client-suite.ts";
import { hasDockerRegistry, startDockerRegistry } from "./support/docker-registry.ts";

clientSuite(
  "with Debian's docker-registry",
  () => startDockerRegistry(),
  { deletesTags: false, referrersApi: false },
  !hasDockerRegistry,
);
