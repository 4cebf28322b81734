// Asks a Ramier for a consumer key through the official client for node, unchanged, over TLS; writes the address where it is to be
// approved, waits for a line, and then uses the key. Afterwards it calls as a service account of OAuth2. Takes the sandbox's line of
// JSON as its argument; ends with 0 when everything was as it must be.
"use strict";
const assert = require("node:assert/strict");
const readline = require("node:readline");
const ovh = require("ovh");

const info = JSON.parse(process.argv[2]);
const url = new URL(info.endpointTLS);
const place = { host: url.hostname, port: Number(url.port), basePath: "/1.0" };

async function main() {
  const api = ovh({ ...place, appKey: info.applicationKey, appSecret: info.applicationSecret });
  const asked = await api.requestPromised("POST", "/auth/credential", {
    accessRules: [
      { method: "GET", path: "/sms" },
      { method: "GET", path: "/sms/*" },
      { method: "POST", path: "/sms/*/jobs" },
      { method: "GET", path: "/me*" },
      { method: "POST", path: "/me/api/*" },
      { method: "PUT", path: "/me/api/*" },
    ],
  });
  assert.equal(asked.state, "pendingValidation");
  console.log(asked.validationUrl);
  await new Promise((resolve) => readline.createInterface({ input: process.stdin }).once("line", resolve));

  const own = ovh({ ...place, appKey: info.applicationKey, appSecret: info.applicationSecret, consumerKey: asked.consumerKey });
  assert.deepEqual((await own.requestPromised("GET", "/sms")).sort(), [info.serviceName, info.secondServiceName].sort());
  assert.equal((await own.requestPromised("GET", "/me")).nichandle, info.account);

  const client = await own.requestPromised("POST", "/me/api/oauth2/client", {
    callbackUrls: [],
    flow: "CLIENT_CREDENTIALS",
    name: "node",
    description: "a test",
  });
  const service = ovh({
    ...place,
    clientID: client.clientId,
    clientSecret: client.clientSecret,
    tokenURL: info.endpointTLS.replace("/1.0", "/auth/oauth2/token"),
  });
  await assert.rejects(service.requestPromised("GET", "/sms"), (e) => e.error === 403 && /User not granted for this request/.test(e.message));
  await own.requestPromised("PUT", `/me/api/oauth2/client/${client.clientId}`, {
    actions: ["sms:apiovh:get", "sms:apiovh:jobs/*"],
    services: [info.serviceName],
  });
  assert.deepEqual(await service.requestPromised("GET", "/sms"), [info.serviceName]);
  const report = await service.requestPromised("POST", `/sms/${info.serviceName}/jobs`, {
    message: "Bonjour",
    receivers: ["+33639980000"],
    sender: info.sender,
    noStopClause: true,
  });
  assert.equal(report.ids.length, 1);
  console.log("node: approved");
  process.exit(0);
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
