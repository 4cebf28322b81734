// Drives a Ramier through the official client for node, unchanged, over TLS. Takes the sandbox's line of JSON as its argument;
// ends with 0 when everything was as it must be.
"use strict";
const assert = require("node:assert/strict");
const ovh = require("ovh");

const info = JSON.parse(process.argv[2]);
const url = new URL(info.endpointTLS);

function client(keys) {
  return ovh({
    host: url.hostname,
    port: Number(url.port),
    basePath: "/1.0",
    appKey: keys.applicationKey,
    appSecret: keys.applicationSecret,
    consumerKey: keys.consumerKey,
  });
}

const api = client(info);

async function refused(promise, status, words) {
  try {
    await promise;
  } catch (e) {
    assert.equal(e.error, status, JSON.stringify(e));
    assert.match(e.message, words);
    return;
  }
  assert.fail(`expected ${status} ${words}`);
}

async function until(what, done) {
  const end = Date.now() + 20000;
  while (Date.now() < end) {
    const value = await done();
    if (value) return value;
    await new Promise((r) => setTimeout(r, 50));
  }
  assert.fail(`${what} did not happen`);
}

async function main() {
  const at = (path) => `/sms/${info.serviceName}${path}`;
  assert.ok(Math.abs((await api.requestPromised("GET", "/auth/time")) - Date.now() / 1000) < 60);
  assert.deepEqual((await api.requestPromised("GET", "/sms")).sort(), [info.serviceName, info.secondServiceName].sort());

  const text = "Été à Noël : 5 € <b>\"& 😀";
  const report = await api.requestPromised("POST", at("/jobs"), {
    message: text,
    receivers: ["+33639980000", "0639980003", "nonsense"],
    sender: info.sender,
    noStopClause: true,
    tag: "node",
    validityPeriod: "2880",
    receiversSlotId: null,
  });
  assert.equal(report.ids.length, 2);
  assert.deepEqual(report.validReceivers, ["+33639980000", "+33639980003"]);
  assert.deepEqual(report.invalidReceivers, ["nonsense"]);
  assert.equal(report.invalidReasons[0].reason, "not_a_number");

  const delivered = await until("delivery", async () => {
    const m = await api.requestPromised("GET", at(`/outgoing/${report.ids[0]}`));
    return m.deliveryReceipt === 1 && m;
  });
  assert.equal(delivered.message, text);
  await until("failure", async () => (await api.requestPromised("GET", at(`/outgoing/${report.ids[1]}`))).deliveryReceipt === 2);
  assert.deepEqual(await api.requestPromised("GET", at("/outgoing"), { tag: "node", receiver: "+33639980003" }), [report.ids[1]]);

  const deferred = await api.requestPromised("POST", at("/jobs"), {
    message: "plus tard",
    receivers: ["+33639980000"],
    senderForResponse: true,
    differedPeriod: 10,
  });
  assert.deepEqual(await api.requestPromised("GET", at("/jobs")), deferred.ids);
  assert.equal(await api.requestPromised("DELETE", at(`/jobs/${deferred.ids[0]}`)), null);
  assert.deepEqual(await api.requestPromised("GET", at("/jobs")), []);

  assert.equal(await api.requestPromised("PUT", at(""), { description: "vu de node", callBack: null }), null);
  assert.equal((await api.requestPromised("GET", at(""))).description, "vu de node");
  assert.equal(await api.requestPromised("POST", at("/senders"), { sender: "Node & Co", reason: "test" }), "Node & Co");
  assert.equal((await api.requestPromised("GET", at("/senders/" + encodeURIComponent("Node & Co")))).status, "waitingValidation");
  assert.equal(await api.requestPromised("DELETE", at("/senders/" + encodeURIComponent("Node & Co"))), null);
  const estimate = await api.requestPromised("POST", "/sms/estimate", { message: text, noStopClause: true, senderType: "alpha" });
  assert.equal(estimate.charactersClass, "unicode");

  await refused(api.requestPromised("GET", `/sms/${info.otherServiceName}`), 404, /This service does not exist/);
  await refused(api.requestPromised("POST", at("/jobs"), { message: "x", nonsense: 1 }), 400, /Received not described parameters: \(nonsense\)/);
  await refused(client({ ...info, applicationSecret: "wrong" }).requestPromised("GET", "/sms"), 400, /Invalid signature/);
  await refused(client({ ...info, consumerKey: "wrong" }).requestPromised("GET", "/sms"), 403, /This credential does not exist/);
  await refused(client({ ...info, applicationKey: "wrong" }).requestPromised("GET", "/sms"), 403, /This application key is invalid/);

  const operator = client(info.operator);
  assert.ok((await operator.requestPromised("GET", "/operator/accounts")).length >= 3);
  await refused(api.requestPromised("GET", "/operator/accounts"), 403, /not been granted/);
  console.log("node: all well");
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
