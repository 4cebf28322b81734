package smpp_test

import (
	"fmt"
	"testing"

	"ramier/internal/smpp"
)

func TestMeanings(t *testing.T) {
	for _, c := range []struct {
		value fmt.Stringer
		want  string
	}{
		{smpp.ESMClass(0), "default mode"},
		{smpp.ESMStoreAndForward | smpp.ESMReplyPath, "store and forward, reply path"},
		{smpp.ESMDatagram | smpp.ESMDeliveryAck, "datagram, delivery acknowledgement by the handset"},
		{smpp.ESMForward | smpp.ESMManualAck, "transaction, acknowledgement by the user"},
		{smpp.ESMConversationAbort, "default mode, conversation abort"},
		{smpp.ESMIntermediateNotified, "default mode, intermediate notification"},
		{smpp.ESMClass(0x3C), "default mode, reserved type"},
		{smpp.CodingDefault, "SMSC default alphabet"},
		{smpp.CodingLatin1, "Latin-1"},
		{smpp.CodingUCS2, "UCS-2"},
		{smpp.DataCoding(0x0E), "KS C 5601"},
		{smpp.DataCoding(0x0B), "reserved"},
		{smpp.CodingFlash, "GSM 7 bit, class 0"},
		{smpp.DataCoding(0x1A), "UCS-2, class 2"},
		{smpp.DataCoding(0xF6), "octets, class 2"},
		{smpp.DataCoding(0xC8), "message waiting indication"},
		{smpp.DataCoding(0xE0), "message waiting indication"},
		{smpp.DataCoding(0x80), "reserved"},
		{smpp.RegisterNone, "no receipt"},
		{smpp.RegisterFailure | smpp.RegisterIntermediate, "receipt on failure, intermediate notification"},
		{smpp.StateAccepted, "accepted"},
		{smpp.MessageState(0), "none"},
		{smpp.MessageState(9), "none"},
		{smpp.Receiver, "receiver"},
		{smpp.Transmitter, "transmitter"},
		{smpp.BindMode(0), "transceiver"},
		{smpp.CommandSubmitMulti, "submit_multi"},
		{smpp.Command(0x99), "command 0x00000099"},
		{smpp.TagSourcePort, "source_port"},
		{smpp.Tag(0x1401), "0x1401"},
	} {
		if got := c.value.String(); got != c.want {
			t.Errorf("%T %v is %q, want %q", c.value, c.value, got, c.want)
		}
	}
}
