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
  // This client knows nothing of OAuth2 yet, so node's own fetch does.
  const token = await fetch(info.endpointTLS.replace("/1.0", "/auth/oauth2/token"), {
    method: "POST",
    headers: { Authorization: "Basic " + Buffer.from(`${client.clientId}:${client.clientSecret}`).toString("base64") },
    body: new URLSearchParams({ grant_type: "client_credentials", scope: "all" }),
  }).then((answer) => answer.json());
  const service = async (method, path, body) => {
    const answer = await fetch(info.endpointTLS + path, {
      method,
      headers: { Authorization: `Bearer ${token.access_token}`, "Content-Type": "application/json" },
      body: body && JSON.stringify(body),
    });
    return { status: answer.status, value: await answer.json() };
  };
  const refused = await service("GET", "/sms");
  assert.equal(refused.status, 403);
  assert.equal(refused.value.message, "User not granted for this request");
  await own.requestPromised("PUT", `/me/api/oauth2/client/${client.clientId}`, {
    actions: ["sms:apiovh:get", "sms:apiovh:jobs/*"],
    services: [info.serviceName],
  });
  assert.deepEqual((await service("GET", "/sms")).value, [info.serviceName]);
  const report = await service("POST", `/sms/${info.serviceName}/jobs`, {
    message: "Bonjour",
    receivers: ["+33639980000"],
    sender: info.sender,
    noStopClause: true,
  });
  assert.equal(report.value.ids.length, 1);
  console.log("node: approved");
  process.exit(0);
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
