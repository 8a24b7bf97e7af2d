/** The page's frame; the script fills it. Everything that comes from a registry is put in as text, never as markup. */
export const MARKUP = `
<header>
  <a class="brand" href="#/" aria-label="All repositories">
    <svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true"><path d="M12 2 3 6.5v11L12 22l9-4.5v-11L12 2Zm0 2.2 6.3 3.2L12 10.5 5.7 7.4 12 4.2ZM5 9l6 3v7.2l-6-3V9Zm8 10.2V12l6-3v7.2l-6 3Z" fill="currentColor"/></svg>
    <span>Registry</span>
  </a>
  <code class="host" id="host"></code>
  <span class="grow"></span>
  <span id="user"></span>
</header>
<div class="columns">
  <nav aria-label="Repositories">
    <input id="filter" type="search" placeholder="Filter, or open by name" autocomplete="off" spellcheck="false" aria-label="Filter repositories">
    <ul id="repositories"></ul>
    <button id="more" type="button" hidden>More</button>
  </nav>
  <main id="main" tabindex="-1" aria-live="polite"></main>
</div>
<dialog id="sign-in">
  <form method="dialog">
    <h2>Sign in</h2>
    <p id="sign-in-reason"></p>
    <label>Name <input name="username" autocomplete="username" required></label>
    <label>Password <input name="password" type="password" autocomplete="current-password" required></label>
    <div class="buttons"><button value="cancel" formnovalidate>Cancel</button><button value="ok" class="primary">Sign in</button></div>
  </form>
</dialog>
<noscript><p class="note">This page needs JavaScript. The API is at <code>/v2/</code>.</p></noscript>
`;
