package smppd

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"ramier/internal/gsm"
	"ramier/internal/smpp"
	"ramier/internal/sms"
	"ramier/internal/store"
)

// FuzzParts takes any octets as a text with or without header, in both dialects, and puts together what came: it must not fail, and
// what it takes for whole must be readable.
func FuzzParts(f *testing.F) {
	f.Add([]byte("\x05\x00\x03\x07\x02\x01Bonjour "), []byte("\x05\x00\x03\x07\x02\x02!"), byte(0x40), byte(0), true)
	f.Add([]byte("\x06\x08\x04\x01\x02\x02\x02\x00a"), []byte("\x06\x08\x04\x01\x02\x02\x01\x00b"), byte(0x40), byte(8), false)
	f.Add([]byte("Bonjour"), []byte{}, byte(0), byte(0), false)
	f.Add([]byte("\x1b"), []byte("\x1be"), byte(0), byte(0xF0), true)
	f.Fuzz(func(t *testing.T, a, b []byte, esm, coding byte, plain bool) {
		l := &link{settings: store.SMPPSettings{Plain: plain}}
		var kept []store.SMPPPart
		for _, octets := range [][]byte{a, b} {
			p := &smpp.SubmitSM{ESMClass: smpp.ESMClass(esm), DataCoding: smpp.DataCoding(coding), ShortMessage: octets[:min(len(octets), 254)]}
			if len(octets) > 254 {
				p.ShortMessage, p.TLVs = nil, smpp.TLVs{{Tag: smpp.TagMessagePayload, Value: octets}}
			}
			piece, concat, status := l.piece(p)
			if status != smpp.OK {
				continue
			}
			if piece.Index < 1 || piece.Index > piece.Total || len(piece.Octets) == 0 {
				t.Errorf("%+v", piece)
			}
			frame, err := smpp.Append(nil, 1, smpp.OK, p)
			if err != nil || concat.Total < 2 {
				continue
			}
			kept = append(kept, store.SMPPPart{Part: int(concat.Seq), PDU: frame, Receipt: true})
		}
		m, err := assemble(kept)
		if err != nil || len(kept) == 0 {
			return
		}
		if text, status := textOf(m.pieces); status == smpp.OK && (text == "" || strings.ContainsAny(text, "\x00\uFFFD")) {
			t.Errorf("%q", text)
		}
	})
}

func TestMessageIDsDiffer(t *testing.T) {
	seen, begins := map[string]bool{}, map[string]bool{}
	for _, id := range []int64{1, 2, 1 << 47, 1<<53 - 1} {
		for part := range 256 {
			text := messageID(id, part)
			if len(text) != 36 || text[14] != '8' || text[19] != '8' || seen[text] {
				t.Error(text)
			}
			seen[text], begins[text[:8]] = true, true
		}
	}
	if len(begins) < len(seen) {
		t.Errorf("%d ids begin in %d ways", len(seen), len(begins))
	}
}

func TestOutcomes(t *testing.T) {
	for _, c := range []struct {
		m     sms.Message
		state smpp.MessageState
		code  int
	}{
		{sms.Message{State: sms.Delivered, PTT: sms.PTTDelivered}, smpp.StateDelivered, 0},
		{sms.Message{State: sms.Failed, PTT: sms.PTTAbsent}, smpp.StateUndeliverable, 3},
		{sms.Message{State: sms.Failed}, smpp.StateUndeliverable, 800},
		{sms.Message{State: sms.Expired, PTT: sms.PTTExpired}, smpp.StateExpired, 801},
		{sms.Message{State: sms.Refused, PTT: sms.PTTOptedOut}, smpp.StateRejected, 53},
		{sms.Message{State: sms.Cancelled}, smpp.StateDeleted, 802},
	} {
		if state, code := outcome(c.m); state != c.state || code != c.code {
			t.Errorf("%+v: %v %d", c.m, state, code)
		}
	}
}

// All that is told fits into a PDU, in whatever it was written.
func TestWhatIsToldFits(t *testing.T) {
	long := strings.Repeat("été 😀 ", 100)
	submitted := &smpp.SubmitSM{Source: smpp.Address{TON: 5, Addr: "Ramier"}, Dest: smpp.Address{TON: 1, NPI: 1, Addr: "33612345678"}}
	back := newReturn(submitted, smpp.RegisterReceipt, []returnPart{{7, 1}, {7, 2}})
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		o     store.Owed
		count int
	}{
		{store.Owed{Message: sms.Message{ID: 1 << 52, State: sms.Delivered, DoneAt: now}, ReceiptTo: back, Ordered: now}, 2},
		{store.Owed{Message: sms.Message{ID: 5, State: sms.Delivered}, ReceiptTo: newReturn(submitted, smpp.RegisterFailure, nil)}, 0},
		{store.Owed{Message: sms.Message{ID: 5, State: sms.Failed}, ReceiptTo: newReturn(submitted, smpp.RegisterFailure, nil)}, 1},
		{store.Owed{Message: sms.Message{ID: 5, State: sms.Failed}, ReceiptTo: newReturn(submitted, smpp.RegisterIntermediate, nil)}, 0},
		{store.Owed{Message: sms.Message{ID: 5, State: sms.Buffered}, Text: store.OwedBuffered, ReceiptTo: newReturn(submitted, smpp.RegisterIntermediate, nil)}, 1},
		{store.Owed{Text: newNotice(back, returnPart{7, 1}, smpp.StateRejected, errRejected, now)}, 1},
		{store.Owed{Incoming: sms.Incoming{ID: 3, Sender: "+33612345678", Number: "38000", Text: long}}, 11},
		{store.Owed{Incoming: sms.Incoming{ID: 3, Sender: "Ramier", Number: "+33612345678", Text: "Oui"}}, 1},
		{store.Owed{}, 0},
	} {
		all, err := pdus(c.o)
		if err != nil || len(all) != c.count {
			t.Errorf("%+v: %d PDUs, %v", c.o, len(all), err)
		}
		var pieces []gsm.Piece
		for _, p := range all {
			frame, err := smpp.Append(nil, 1, smpp.OK, p)
			if err != nil {
				t.Error(err)
			}
			if _, read, err := smpp.Decode(frame); err != nil || !bytes.Equal(read.(*smpp.DeliverSM).ShortMessage, p.ShortMessage) {
				t.Error(err)
			}
			if h, rest, err := smpp.ParseUDH(p.ShortMessage); err == nil && p.ESMClass == smpp.ESMUDHI {
				at, _ := h.Concat()
				pieces = append(pieces, gsm.Piece{Index: at.Seq, Total: at.Total, Coding: byte(p.DataCoding), Octets: rest})
			}
		}
		if text, whole := gsm.Join(pieces); len(pieces) > 0 && (!whole || text != long) {
			t.Errorf("%q", text)
		}
	}
	var n notice
	if err := json.Unmarshal([]byte(newNotice(back, returnPart{7, 1}, smpp.StateRejected, errRejected, now)), &n); err != nil || n.Dest.Addr != "33612345678" || n.Part.Join != 7 {
		t.Errorf("%+v, %v", n, err)
	}
}

func TestTheBucketFillsWithTime(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	b := newBucket(20, now)
	take := func() (n int) {
		for b.take(1, now) {
			n++
		}
		return n
	}
	if n := take(); n != 20 {
		t.Error("at once: ", n)
	}
	now = now.Add(500 * time.Millisecond)
	if n := take(); n != 10 {
		t.Error("half a second later: ", n)
	}
	now = now.Add(-time.Hour) // a clock that was set back stops nobody for an hour
	take()
	now = now.Add(time.Second)
	if n := take(); n != 20 {
		t.Error("a second after that: ", n)
	}
}

// The schedule that docs/doors.md promises to clients that do not take what they are told.
func TestPausesBetweenAttemptsToDeliver(t *testing.T) {
	for attempts, want := range map[int]time.Duration{
		0: 5 * time.Second, 1: 5 * time.Second, 2: 15 * time.Second, 3: time.Minute, 4: 5 * time.Minute, 5: 15 * time.Minute, 6: 30 * time.Minute,
		7: time.Hour, 8: time.Hour, 170: time.Hour,
	} {
		if got := pauseAfter(attempts); got != want {
			t.Errorf("after %d attempts: %v, want %v", attempts, got, want)
		}
	}
}
