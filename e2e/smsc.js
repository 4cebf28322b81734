// A foreign SMSC: npm smpp as the server. Prints its port, then a line of JSON for each message it takes; answers each with a
// decimal id and sends a receipt whose id is hexadecimal, as some operators do. Ends with its standard input, unless a port and
// a system id are given: then it stays.
"use strict";
const smpp = require("smpp");

const [port = 0, systemId = "ramier"] = process.argv.slice(2);
let next = 1000;
const server = smpp.createServer({}, (session) => {
  session.on("error", (e) => console.error("session", e.message));
  for (const bind of ["bind_transceiver", "bind_transmitter", "bind_receiver"]) {
    session.on(bind, (pdu) => {
      const ok = pdu.system_id === systemId && pdu.password === "secret";
      session.send(pdu.response({ command_status: ok ? 0 : smpp.ESME_RINVPASWD, system_id: "foreign" }));
    });
  }
  session.on("unbind", (pdu) => {
    session.send(pdu.response());
    session.close();
  });
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("submit_sm", (pdu) => {
    const id = next++;
    session.send(pdu.response({ message_id: String(id) }));
    const message = pdu.short_message;
    console.log(JSON.stringify({
      id,
      from: pdu.source_addr,
      fromTON: pdu.source_addr_ton,
      to: pdu.destination_addr,
      coding: pdu.data_coding,
      text: message.message,
      udh: message.udh ? message.udh.map((e) => Buffer.from(e).toString("hex")) : null,
      registered: pdu.registered_delivery,
    }));
    session.deliver_sm({
      source_addr_ton: 1,
      source_addr_npi: 1,
      source_addr: pdu.destination_addr,
      destination_addr: pdu.source_addr,
      esm_class: smpp.ESM_CLASS.MC_DELIVERY_RECEIPT,
      short_message: `id:${id.toString(16).toUpperCase()} sub:001 dlvrd:001 submit date:2611231200 done date:2611231200 stat:DELIVRD err:000 text:`,
    });
  });
});
server.listen(Number(port), "127.0.0.1", () => console.log(server.address().port));
if (!Number(port)) {
  process.stdin.resume();
  process.stdin.on("end", () => process.exit(0));
}
