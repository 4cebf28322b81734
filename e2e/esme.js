// A foreign ESME: npm smpp as the client. Takes host and port, system id and password; binds, sends a short, a long and a Unicode message, and ends with
// 0 when each was answered and its receipt came.
"use strict";
const assert = require("node:assert/strict");
const smpp = require("smpp");

const [host, port, system_id = "foreign", password = "any"] = process.argv.slice(2);
const session = smpp.connect({ url: `smpp://${host}:${port}`, auto_enquire_link_period: 200 });
const waiting = new Set();
let sent = 0;

function fail(e) {
  console.error(e);
  process.exit(1);
}
setTimeout(() => fail("no receipts: " + [...waiting].join(" ")), 20000);

session.on("error", fail);
session.on("deliver_sm", (pdu) => {
  session.send(pdu.response());
  const id = /id:(\S+)/.exec(pdu.short_message.message)[1];
  assert.match(pdu.short_message.message, /stat:DELIVRD/);
  waiting.delete(id);
  if (sent === 4 && waiting.size === 0) {
    session.unbind(() => {
      console.log("esme: all well");
      process.exit(0);
    });
  }
});

function submit(fields) {
  return new Promise((resolve) => {
    session.submit_sm({ source_addr_ton: 5, source_addr: "Ramier", destination_addr: "33639980000", registered_delivery: 1, data_coding: 0, ...fields }, (pdu) => {
      assert.equal(pdu.command_status, 0);
      waiting.add(pdu.message_id);
      sent++;
      resolve();
    });
  });
}

session.bind_transceiver({ system_id, password }, async (pdu) => {
  assert.equal(pdu.command_status, 0);
  const udh = (n) => Buffer.from([5, 0, 3, 7, 2, n]);
  await Promise.all([
    submit({ short_message: "Bonjour" }),
    submit({ short_message: { udh: udh(1), message: "a".repeat(153) } }),
    submit({ short_message: { udh: udh(2), message: "b".repeat(20) } }),
    submit({ data_coding: 8, short_message: "Été 😀" }),
  ]).catch(fail);
});
