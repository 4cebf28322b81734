"use strict";
// Shows what has arrived since: the page is asked for again, and its two lists take the place of the old ones.
const talk = document.getElementById("talk");
const end = () => { if (talk) talk.scrollTop = talk.scrollHeight; };
end();
async function renew() {
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of ["list", "talk"]) {
      const now = document.getElementById(id), then = page.getElementById(id);
      if (!now || !then || now.innerHTML === then.innerHTML) continue;
      const below = now.scrollHeight - now.scrollTop - now.clientHeight < 40;
      now.replaceChildren(...then.childNodes);
      if (id === "talk" && below) end();
    }
    const to = document.getElementById("to"), known = page.getElementById("to");
    if (to && known && to.value === "" && document.activeElement !== to) to.value = known.value;
  } catch { /* the operator is away: the next attempt tells */ }
  setTimeout(renew, 1500);
}
setTimeout(renew, 1500);
