/**
 * `PORT=8080 node src/main.ts`: answers `GET /images?ref=REPO:TAG&ref=…` with what is known of each image, `/healthz` for
 * whoever watches it, and `/metrics` in Prometheus' text format. SIGTERM lets requests in flight finish.
 */
import { createClient } from "@reg/sdk";
import { createService } from "./service.ts";

const client = createClient();
const service = createService(client);
const port = Number(process.env["PORT"] ?? 8080);

service.listen(port, () => {
  const address = service.address();
  console.log(`listening on port ${typeof address === "object" ? address?.port : port}`);
});

for (const signal of ["SIGTERM", "SIGINT"] as const)
  process.once(signal, () => {
    console.log(`${signal}: finishing what is in flight`);
    service.close(() => void client.close());
  });
