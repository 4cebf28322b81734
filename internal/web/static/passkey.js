// Passkeys: asks the device for what a form wants to know, and sends the form with its answer.
"use strict";
{
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(Array.from(new Uint8Array(buffer), (b) => String.fromCharCode(b)).join("")).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const known = (list) => (list || []).map((key) => ({ ...key, id: bytes(key.id) }));

  const create = (o) =>
    navigator.credentials.create({
      publicKey: {
        ...o,
        challenge: bytes(o.challenge),
        user: { ...o.user, id: bytes(o.user.id) },
        excludeCredentials: known(o.excludeCredentials),
      },
    });
  const get = (o) =>
    navigator.credentials.get({ publicKey: { ...o, challenge: bytes(o.challenge), allowCredentials: known(o.allowCredentials) } });

  const answer = (key) => {
    const r = key.response;
    const response = { clientDataJSON: text(r.clientDataJSON) };
    for (const part of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (r[part]) {
        response[part] = text(r[part]);
      }
    }
    if (r.getTransports) {
      response.transports = r.getTransports();
    }
    const out = { id: key.id, rawId: text(key.rawId), type: key.type, response, clientExtensionResults: {} };
    if (key.authenticatorAttachment) {
      out.authenticatorAttachment = key.authenticatorAttachment;
    }
    return JSON.stringify(out);
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!window.PublicKeyCredential) {
      continue;
    }
    form.hidden = false;
    const failed = form.querySelector("[data-failed]");
    const button = form.querySelector("button");
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      failed.hidden = true;
      button.disabled = true;
      try {
        const options = JSON.parse(form.dataset.passkey).publicKey;
        form.elements.answer.value = answer(await (options.user ? create(options) : get(options)));
        form.submit();
      } catch (error) {
        failed.hidden = false;
        failed.title = String(error);
      }
      button.disabled = false;
    });
  }
}
