/** Where the page goes: `#/`, `#/repository`, `#/repository:tag` and `#/repository@digest`. */
export const SCRIPT_MAIN: string = String.raw`
const main = document.getElementById("main");
const list = document.getElementById("repositories");
const filter = document.getElementById("filter");
const more = document.getElementById("more");
const state = { repositories: [], next: "/v2/_catalog", shown: 0 };

async function loadRepositories() {
  const response = await api(state.next);
  const { repositories } = await response.json();
  state.repositories.push(...(repositories ?? []));
  state.next = nextOf(response);
  more.hidden = state.next === undefined;
  showRepositories();
}

function showRepositories() {
  const wanted = filter.value.trim().toLowerCase();
  const current = currentPlace().repository;
  list.replaceChildren(...state.repositories.filter((name) => name.includes(wanted)).map((name) => {
    const slash = name.lastIndexOf("/") + 1;
    return h("li", {}, h("a", { href: linkTo(name), "aria-current": name === current ? "page" : undefined },
      h("span", { class: "prefix" }, name.slice(0, slash)), name.slice(slash)));
  }));
}

function currentPlace() {
  const text = location.hash.replace(/^#\/?/, "");
  const at = text.indexOf("@");
  if (at >= 0) return { repository: text.slice(0, at), reference: text.slice(at + 1) };
  const colon = text.lastIndexOf(":");
  if (colon >= 0) return { repository: text.slice(0, colon), reference: text.slice(colon + 1) };
  return { repository: text };
}

/** Shows what a task makes, unless something else was asked for meanwhile. */
async function show(title, task) {
  state.shown += 1;
  const mine = state.shown;
  document.title = title;
  let content;
  try {
    content = await task();
  } catch (error) {
    content = [h("section", { class: "panel error", role: "alert" }, h("h2", {}, "This did not work"), error.message)];
  }
  if (mine !== state.shown) return;
  main.replaceChildren(...content.filter((part) => part !== undefined));
  main.dataset.ready = String(mine);
}

function home() {
  if (state.repositories.length === 0) {
    const name = location.host + "/demo/hello:1.0";
    return [h("h1", {}, "Nothing here yet"), h("p", { class: "sub" }, "Push an image, and it shows up in this list."),
      panel("Push", command("docker tag hello " + name), command("docker push " + name), command("reg push oci:./hello " + name))];
  }
  const rows = state.repositories.map((name) => fillLater((row) => fillRepository(row, name), h("tr", {},
    h("td", { class: "wide" }, h("a", { href: linkTo(name) }, name)), h("td", { class: "number" }, "…"))));
  const count = state.repositories.length + (state.next === undefined ? "" : "+");
  return [h("h1", {}, "Repositories"), h("p", { class: "sub" }, count + " on " + location.host),
    h("section", { class: "panel" }, table([["Name"], ["Tags", "number"]], rows))];
}

async function fillRepository(row, repository) {
  const response = await api("/v2/" + repository + "/tags/list?n=1000");
  const count = ((await response.json()).tags ?? []).length;
  row.cells[1].textContent = count + (nextOf(response) === undefined ? "" : "+");
}

async function fillTag(row, repository, tag) {
  const [, kind, digest, created, size] = row.cells;
  const manifest = await getManifest(repository, tag);
  const { document: body } = manifest;
  digest.replaceChildren(h("a", { href: linkTo(repository, manifest.digest), title: manifest.digest }, h("code", {}, shortDigest(manifest.digest))));
  if (Array.isArray(body.manifests)) {
    const platforms = body.manifests.map((entry) => formatPlatform(entry.platform)).filter((name) => !/^(–|unknown)/.test(name));
    kind.replaceChildren(platforms.join(", ") || "index");
    created.textContent = "–";
    size.textContent = "–";
    return;
  }
  size.textContent = formatBytes(imageSize(body));
  const config = await getConfig(repository, body.config).catch(() => undefined);
  kind.replaceChildren(config === undefined ? h("span", { class: "pill" }, body.artifactType ?? body.config?.mediaType ?? "artifact") : formatPlatform(config));
  created.textContent = formatTime(config?.created);
}

async function repositoryView(repository) {
  const body = h("tbody", {});
  const button = h("button", { type: "button", hidden: "" }, "More tags");
  let next = "/v2/" + repository + "/tags/list?n=200";
  let count = 0;
  const load = async () => {
    const response = await api(next);
    const { tags } = await response.json();
    next = nextOf(response);
    button.hidden = next === undefined;
    count += (tags ?? []).length;
    for (const tag of tags ?? []) {
      body.append(fillLater((row) => fillTag(row, repository, tag), h("tr", {},
        h("td", { class: "tag" }, h("a", { href: linkTo(repository, tag) }, tag)), h("td", { class: "wide" }, "…"),
        h("td", { class: "tight" }), h("td", { class: "tight" }), h("td", { class: "number" }))));
    }
  };
  button.addEventListener("click", () => void load());
  await load();
  const heads = [["Tag"], ["Platforms"], ["Digest"], ["Created"], ["Size", "number"]];
  const listing = table(heads, []);
  listing.querySelector("tbody").replaceWith(body);
  return [h("h1", {}, repository), h("p", { class: "sub" }, count + (next === undefined ? "" : "+") + (count === 1 ? " tag" : " tags")),
    count === 0 ? h("p", { class: "note" }, "No tags.") : h("section", { class: "panel" }, listing), button];
}

async function manifestView(repository, reference) {
  const manifest = await getManifest(repository, reference);
  const { document: body, digest } = manifest;
  const [config, referrers] = await Promise.all([
    getConfig(repository, body.config).catch(() => undefined),
    api("/v2/" + repository + "/referrers/" + digest).then((response) => response.json()).then((index) => index.manifests ?? []).catch(() => []),
  ]);
  const isTag = !reference.includes(":");
  return [
    h("p", { class: "crumbs" }, h("a", { href: linkTo(repository) }, repository), isTag ? " : " : " @ "),
    h("h1", {}, isTag ? reference : shortDigest(reference)),
    h("p", { class: "sub" }, h("span", { class: "pill" }, shortType(manifest.mediaType)), " ", h("code", {}, digest)),
    pullCommands(repository, reference),
    body.subject === undefined ? undefined : panel("Attached to", h("a", { href: linkTo(repository, body.subject.digest) }, h("code", {}, body.subject.digest))),
    Array.isArray(body.manifests) ? platformsPanel(repository, body.manifests) : layersPanel(body.layers ?? [], config),
    config === undefined ? undefined : configPanel(config),
    annotationsPanel(body.annotations),
    referrersPanel(repository, referrers),
    rawPanel(manifest),
  ];
}

async function go() {
  const { repository, reference } = currentPlace();
  showRepositories();
  seen.disconnect();
  queue.waiting.length = 0;
  if (repository === "") await show("Registry", async () => home());
  else if (reference === undefined) await show(repository, () => repositoryView(repository));
  else await show(repository + " " + reference, () => manifestView(repository, reference));
}

document.getElementById("host").textContent = location.host;
addEventListener("hashchange", () => void go());
filter.addEventListener("input", showRepositories);
filter.addEventListener("keydown", (event) => {
  const name = filter.value.trim();
  if (event.key === "Enter" && name !== "") location.hash = "#/" + name;
});
more.addEventListener("click", () => void loadRepositories());
loadRepositories().catch((error) => {
  // Who may not list all may still open one by its name.
  list.replaceChildren(h("li", { class: "note" }, error.status === 403 ? "This list is not for you. Type a repository's name above." : error.message));
}).finally(() => void go());
`;
