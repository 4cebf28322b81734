// npm smpp as a customer that goes away and comes back: it submits and unbinds, says "left", and after a line on its standard input binds as a
// receiver and waits for the receipt of what it sent and for replies. The texts of these it prints; it ends after as many as it was told to await.
"use strict";
const assert = require("node:assert/strict");
const smpp = require("smpp");

const [host, port, system_id, password, replies] = process.argv.slice(2);
const url = `smpp://${host}:${port}`;

function fail(e) {
  console.error(e);
  process.exit(1);
}
setTimeout(() => fail("it takes too long"), 30000);

function connect(bind) {
  return new Promise((resolve) => {
    const session = smpp.connect({ url }, () => {
      session[bind]({ system_id, password }, (pdu) => {
        assert.equal(pdu.command_status, 0);
        resolve(session);
      });
    });
    session.on("error", fail);
  });
}

async function main() {
  const first = await connect("bind_transmitter");
  const sent = await new Promise((resolve) => {
    first.submit_sm(
      { source_addr_ton: 3, source_addr: "38000", destination_addr_ton: 1, destination_addr: "33639980000", registered_delivery: 1, data_coding: 0, short_message: "Oui ou non ?" },
      resolve,
    );
  });
  assert.equal(sent.command_status, 0);
  await new Promise((resolve) => first.unbind(resolve));
  first.close();
  console.log("left");
  await new Promise((resolve) => process.stdin.once("data", resolve));

  const second = await connect("bind_receiver");
  let receipts = 0;
  let got = 0;
  second.on("deliver_sm", (pdu) => {
    second.send(pdu.response());
    const text = pdu.short_message.message;
    if (pdu.esm_class & 4) {
      assert.ok(text.includes(`id:${sent.message_id}`) && text.includes("stat:DELIVRD"), text);
      receipts++;
    } else {
      assert.equal(pdu.source_addr, "33639980000");
      console.log(`reply ${text}`);
      got++;
    }
    if (receipts === 1 && got === Number(replies)) {
      second.unbind(() => {
        console.log("away: all well");
        process.exit(0);
      });
    }
  });
}
main().catch(fail);
