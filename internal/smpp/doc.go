// Package smpp speaks SMPP 3.4: the PDUs and their codec, a session that serves
// both ends of a connection, a client that binds and a server that is bound to.
//
// A PDU is a struct; [Append] writes it and [Decode] reads it. Both, and
// [Describe], follow one list of fields per PDU. What is written is strict; what
// is read is as lenient as the field demands:
//
//   - A response may come without a body, whatever its status: many SMSCs omit it
//     with an error (which §4.4.2 asks for), some even with success. Its fields
//     are then empty.
//   - The last string of a response may lack its NUL.
//   - Up to three NULs after the last TLV are padding, and octets after the last
//     field of a PDU that has no TLVs are ignored.
//   - TLVs are taken where 3.4 has none (submit_sm_resp, deliver_sm_resp), are
//     kept in order, unknown and repeated ones too.
//   - A time of the wrong form is handed on as it came: whether it is acceptable
//     is a question for the answer, see [ParseTime].
//   - The sequence number of a peer may be any number, 0 too.
//
// A [Session] keeps the window, the timers and the order of the conversation.
// [Client] and [Dial] bind as an ESME, a [Server] plays the SMSC.
//
// References such as "§5.2.12" are to the SMPP 3.4 specification, issue 1.2.
package smpp
