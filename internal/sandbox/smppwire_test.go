package sandbox_test

import (
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"ramier/internal/sandbox/sandboxtest"
	"ramier/internal/smpp"
	"ramier/internal/sms"
)

// wire is a client that writes what it likes.
type wire struct {
	net.Conn
	t    *testing.T
	read *smpp.Reader
}

func openWire(t *testing.T, p *sandboxtest.Platform) *wire {
	t.Helper()
	conn := dial(t, p.Info.SMPP, "")
	check(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	return &wire{conn, t, smpp.NewReader(conn)}
}

// put writes a PDU octet by octet.
func (w *wire) put(seq uint32, p smpp.PDU) {
	w.t.Helper()
	frame, err := smpp.Append(nil, seq, smpp.OK, p)
	check(w.t, err)
	for i := range frame {
		_, err := w.Write(frame[i : i+1])
		check(w.t, err)
	}
}

// want reads the next PDU and compares its header.
func (w *wire) want(command smpp.Command, seq uint32, status smpp.Status) smpp.PDU {
	w.t.Helper()
	frame, err := w.read.Next()
	check(w.t, err)
	h, p, err := smpp.Decode(frame)
	if err != nil || h.Command != command || h.Sequence != seq || h.Status != status {
		w.t.Errorf("%v %d %v (%v) instead of %v %d %v", h.Command, h.Sequence, h.Status, err, command, seq, status)
	}
	return p
}

func (w *wire) closed() {
	w.t.Helper()
	if _, err := w.read.Next(); !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !strings.Contains(err.Error(), "reset") {
		w.t.Error("it is open: ", err)
	}
}

// What comes over the wire in odd ways is understood, or refused in the protocol's words, and the session goes on.
func TestOddClientsOverSMPP(t *testing.T) {
	p := sandboxtest.Start(t, "")
	check(t, p.Operator.Put("/operator/services/"+p.Info.ServiceName+"/smpp", map[string]any{"dialect": "plain", "throughput": 1000}, nil))
	bindAs := func(mode smpp.BindMode) *smpp.Bind {
		return &smpp.Bind{Mode: mode, SystemID: p.Info.SMPPSystemID, Password: p.Info.SMPPPassword, InterfaceVersion: smpp.Version}
	}
	w := openWire(t, p)
	w.put(7, aMessage("zu früh"))
	w.want(smpp.CommandSubmitSMResp, 7, smpp.InvalidBindStatus)
	w.put(0x7FFFFFFF, bindAs(smpp.Transmitter))
	w.want(smpp.CommandBindTransmitterResp, 0x7FFFFFFF, smpp.OK)
	w.put(1, bindAs(smpp.Transceiver))
	w.want(smpp.CommandBindTransceiverResp, 1, smpp.AlreadyBound)
	// Numbers need be neither in order nor different, and zero and the highest bit are answered as they are.
	odd := aMessage("Bonjour")
	odd.TLVs = smpp.TLVs{{Tag: 0x14FF, Value: []byte("who knows")}, {Tag: 0x3FFF, Value: nil}, {Tag: 0x0001, Value: []byte{1}}}
	for _, seq := range []uint32{0, 5, 5, 3, 0xFFFFFFFF} {
		w.put(seq, odd)
		if r, ok := w.want(smpp.CommandSubmitSMResp, seq, smpp.OK).(*smpp.SubmitSMResp); !ok || r.MessageID == "" {
			t.Error("no id")
		}
	}
	for _, c := range []struct {
		pdu  smpp.PDU
		resp smpp.Command
		want smpp.Status
	}{
		{&smpp.CancelSM{MessageID: "1"}, smpp.CommandCancelSMResp, smpp.InvalidMessageID},
		{&smpp.ReplaceSM{MessageID: "1"}, smpp.CommandReplaceSMResp, smpp.InvalidMessageID},
		{&smpp.SubmitMulti{Dests: []smpp.Dest{{Address: smpp.Address{TON: 1, NPI: 1, Addr: handset[1:]}}}}, smpp.CommandSubmitMultiResp, smpp.InvalidMessageLength},
		{&smpp.DeliverSM{}, smpp.CommandDeliverSMResp, smpp.InvalidBindStatus},
	} {
		w.put(9, c.pdu)
		w.want(c.resp, 9, c.want)
	}
	// What a server may not be told is passed over.
	w.put(9, &smpp.AlertNotification{})
	w.put(9, &smpp.Outbind{SystemID: "x"})
	w.put(9, &smpp.GenericNack{})
	unknown := []byte{0, 0, 0, 18, 0, 0, 1, 0x77, 0, 0, 0, 0, 0, 0, 0, 11, 1, 2}
	_, err := w.Write(unknown)
	check(t, err)
	w.want(smpp.CommandGenericNack, 11, smpp.InvalidCommandID)
	// An answer to nothing is no reason to end.
	w.put(99, &smpp.DeliverSMResp{})
	binary := aMessage("x")
	binary.DataCoding, binary.ShortMessage = smpp.CodingOctets, []byte{0xFF, 0xFE}
	w.put(12, binary)
	w.want(smpp.CommandSubmitSMResp, 12, 0x401)
	latin := aMessage("x")
	latin.DataCoding, latin.ShortMessage = smpp.CodingLatin1, []byte("\xc9t\xe9")
	w.put(13, latin)
	w.want(smpp.CommandSubmitSMResp, 13, smpp.OK)
	wide := aMessage("x")
	wide.ESMClass = smpp.ESMUDHI
	for n := byte(2); n > 0; n-- {
		wide.ShortMessage = append([]byte{6, 8, 4, 1, 2, 2, n}, "sechzehn "...)
		w.put(uint32(20+n), wide)
		w.want(smpp.CommandSubmitSMResp, uint32(20+n), smpp.OK)
	}
	// unbind behind a message: both are answered, the message first.
	last, err := smpp.Append(nil, 30, smpp.OK, aMessage("Adieu"))
	check(t, err)
	last, err = smpp.Append(last, 31, smpp.OK, &smpp.Unbind{})
	check(t, err)
	_, err = w.Write(last)
	check(t, err)
	w.want(smpp.CommandSubmitSMResp, 30, smpp.OK)
	w.want(smpp.CommandUnbindResp, 31, smpp.OK)
	w.closed()
	// Lengths that cannot be.
	for _, length := range [][]byte{{0, 0, 0, 15}, {0xFF, 0xFF, 0xFF, 0xFF}, {0, 1, 0, 1}} {
		w := openWire(t, p)
		_, err := w.Write(append(length, make([]byte, 12)...))
		check(t, err)
		w.want(smpp.CommandGenericNack, 0, smpp.InvalidCommandLength)
		w.closed()
	}
	p.Until("they have arrived", func() bool {
		texts := map[string]int{}
		for _, m := range p.Simulator.Messages(handset) {
			texts[m.Text]++
		}
		return texts["Bonjour"] == 5 && texts["Été"] == 1 && texts["sechzehn sechzehn "] == 1 && texts["Adieu"] == 1
	})
	p.Audit()
}

// Who asks for it is told that the operator could not deliver at once.
func TestIntermediateReceipts(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		e := mustBind(t, p)
		submit := func(wants smpp.RegisteredDelivery) string {
			m := aMessage("Es-tu là ?")
			m.Dest.Addr, m.RegisteredDelivery = "33639980002", wants
			return e.send(m)
		}
		both, last := submit(smpp.RegisterReceipt|smpp.RegisterIntermediate), submit(smpp.RegisterReceipt)
		only, failures := submit(smpp.RegisterIntermediate), submit(smpp.RegisterFailure)
		long := aMessage("moitié ")
		long.Dest.Addr, long.RegisteredDelivery, long.ESMClass = "33639980002", smpp.RegisterReceipt|smpp.RegisterIntermediate, smpp.ESMUDHI
		var parts []string
		for n := byte(1); n <= 2; n++ {
			one := *long
			one.ShortMessage = append([]byte{5, 0, 3, 7, 2, n}, long.ShortMessage...)
			parts = append(parts, e.send(&one))
		}
		told := func() map[string]string {
			e.mu.Lock()
			defer e.mu.Unlock()
			all := map[string]string{}
			for _, d := range e.got {
				r := smpp.ParseReceipt(d, time.UTC)
				if (d.ESMClass == smpp.ESMIntermediateNotified) != (r.State == smpp.StateEnroute) {
					t.Errorf("%+v", d)
				}
				all[r.ID] += r.State.String() + " "
			}
			return all
		}
		want := map[string]string{both: "enroute delivered ", last: "delivered ", only: "enroute ", parts[0]: "enroute delivered ", parts[1]: "enroute delivered "}
		var got map[string]string
		p.Until("all receipts", func() bool {
			p.Clock.Advance(time.Second)
			got = told()
			return len(got) == len(want) && got[both] == want[both] && got[last] == want[last] && got[parts[1]] == want[parts[1]]
		})
		if got[only] != want[only] || got[failures] != "" || got[parts[0]] != want[parts[0]] {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

// The id that a client was told leads to its message in the API.
func TestMessagesOverSMPPHaveTheirIDInTheAPI(t *testing.T) {
	sandboxtest.Each(t, func(t *testing.T, p *sandboxtest.Platform) {
		e := mustBind(t, p)
		id, other := e.send(aMessage("un")), e.send(aMessage("deux"))
		mine := p.Send("trois", []string{handset}).IDs[0]
		var found []int64
		p.Get("/outgoing?messageID="+id, &found)
		if len(found) != 1 {
			t.Fatalf("%v", found)
		}
		var m struct {
			Message   string
			MessageID *string `json:"messageID"`
		}
		p.Get("/outgoing/"+strconv.FormatInt(found[0], 10), &m)
		if m.Message != "un" || m.MessageID == nil || *m.MessageID != id || id == other {
			t.Errorf("%+v", m)
		}
		for _, none := range []string{sms.SMPPMessageID(mine, 0), "00000000-0000-4000-8000-000000000000"} {
			p.Get("/outgoing?messageID="+none, &found)
			if len(found) != 0 {
				t.Errorf("%s: %v", none, found)
			}
		}
		check(t, p.Other.Get("/sms/"+p.Info.OtherServiceName+"/outgoing?messageID="+id, &found))
		if len(found) != 0 {
			t.Error("another account finds it")
		}
	})
}

// putAll writes PDUs at once, with the numbers from 0 on.
func (w *wire) putAll(n int, pdu func(i int) smpp.PDU) {
	w.t.Helper()
	var all []byte
	for i := range n {
		var err error
		all, err = smpp.Append(all, uint32(i), smpp.OK, pdu(i)) //nolint:gosec // few
		check(w.t, err)
	}
	_, err := w.Write(all)
	check(w.t, err)
}

// wireAnswer is what a request of putAll was answered.
type wireAnswer struct {
	status smpp.Status
	pdu    smpp.PDU
}

// answers reads as many answers, in any order, and gives them by their numbers. Other PDUs are passed over.
func (w *wire) answers(n int) map[uint32]wireAnswer {
	w.t.Helper()
	all := map[uint32]wireAnswer{}
	for len(all) < n {
		frame, err := w.read.Next()
		check(w.t, err)
		h, p, err := smpp.Decode(frame)
		check(w.t, err)
		if !h.Command.IsResponse() {
			continue
		}
		if _, twice := all[h.Sequence]; twice {
			w.t.Fatalf("%d was answered twice", h.Sequence)
		}
		all[h.Sequence] = wireAnswer{h.Status, p}
	}
	return all
}
