/**
 * The page's dealings with the registry: the public API of the same origin and nothing else. Written as text, since
 * it runs in a browser and is never bundled; `String.raw` keeps its backslashes.
 */
export const SCRIPT_API: string = String.raw`
const MANIFEST_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

const session = { basic: undefined, tokens: new Map() };

class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** A GET that signs in where the registry asks for it: at its token endpoint, or by the browser's own prompt. */
async function api(path, headers = {}) {
  let response = await send(path, headers, session.tokens.get(scopeKey(path)));
  for (let round = 0; response.status === 401 && round < 2; round += 1) {
    const challenge = parseChallenge(response.headers.get("www-authenticate") ?? "");
    if (challenge === undefined) break;
    if (round === 1 && !(await signIn())) break;
    const token = await fetchToken(challenge);
    if (token === undefined) continue;
    session.tokens.set(scopeKey(path), token);
    response = await send(path, headers, token);
  }
  if (response.ok) return response;
  throw new ApiError(response.status, await reasonOf(response));
}

function send(path, headers, token) {
  const authorization = token === undefined ? {} : { authorization: "Bearer " + token };
  return fetch(path, { headers: { ...headers, ...authorization }, cache: "no-cache" });
}

const scopeKey = (path) => path.replace(/\/(manifests|blobs|tags|referrers)\/.*$/, "").replace(/\?.*$/, "");

function parseChallenge(header) {
  if (!/^bearer /i.test(header)) return undefined;
  return Object.fromEntries([...header.matchAll(/([a-z]+)="([^"]*)"/gi)].map(([, name, value]) => [name, value]));
}

async function fetchToken({ realm, service, scope }) {
  const url = new URL(realm, location.href);
  if (service !== undefined) url.searchParams.set("service", service);
  if (scope !== undefined) url.searchParams.set("scope", scope);
  const headers = session.basic === undefined ? {} : { authorization: session.basic };
  const response = await fetch(url, { headers });
  if (!response.ok) {
    session.basic = undefined;
    return undefined;
  }
  const body = await response.json();
  return body.token ?? body.access_token;
}

/** Asks for a name and password. They stay in this page's memory and go to the token endpoint alone. */
function signIn() {
  const dialog = document.getElementById("sign-in");
  const form = dialog.querySelector("form");
  document.getElementById("sign-in-reason").textContent = "This registry asks who you are.";
  form.reset();
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      if (dialog.returnValue !== "ok") return resolve(false);
      const { username, password } = Object.fromEntries(new FormData(form));
      session.basic = "Basic " + btoa(String.fromCharCode(...new TextEncoder().encode(username + ":" + password)));
      session.tokens.clear();
      document.getElementById("user").textContent = username;
      resolve(true);
    }, { once: true });
  });
}

async function reasonOf(response) {
  try {
    const { errors } = await response.json();
    return errors.map((error) => error.code + ": " + error.message).join("; ");
  } catch {
    return "the registry answered " + response.status;
  }
}

const nextOf = (response) => /<([^>]+)>;\s*rel="?next/.exec(response.headers.get("link") ?? "")?.[1];

async function getManifest(repository, reference) {
  const response = await api("/v2/" + repository + "/manifests/" + reference, { accept: MANIFEST_TYPES });
  const text = await response.text();
  return {
    text,
    document: JSON.parse(text),
    digest: response.headers.get("docker-content-digest"),
    mediaType: response.headers.get("content-type").split(";")[0],
    size: new TextEncoder().encode(text).length,
  };
}

const MAX_CONFIG_BYTES = 8 * 1024 * 1024;

async function getConfig(repository, config) {
  if (!/(image\.config|container\.image)\.v1\+json$/.test(config?.mediaType ?? "")) return undefined;
  if (config.size > MAX_CONFIG_BYTES) return undefined;
  return (await api("/v2/" + repository + "/blobs/" + config.digest)).json();
}
`;
