export { type CompanyRegistry, startCompanyRegistry } from "./company-registry.ts";
export { buildImage } from "./image.ts";
export { type SsoServer, startSsoServer } from "./sso-server.ts";
