package simulator

import (
	"fmt"
	"time"

	"ramier/internal/gsm"
	"ramier/internal/smpp"
)

// A part is what one submit_sm brings: a message, or a piece of a long one. It has its own id, life and receipts.
type part struct {
	id           uint64
	number       uint64 // in the journal
	from         *peer  // who submitted it
	source, dest smpp.Address
	to           string // dest as a handset's number
	octets       []byte // without header
	coding       byte
	flash        bool
	concat       smpp.Concat // zero for a message of one part
	registered   smpp.RegisteredDelivery
	shared       bool // its id is that of other receivers too
	quote        quote

	behaviour *behaviour
	text      *text // which it is a part of; nil for one that came twice
	taken     int64 // times in microseconds since 1970
	start     int64 // when it may be delivered at the earliest
	expires   int64
	due       int64 // of the next step, or when the last one was
	step      int   // of the behaviour's life
	state     smpp.MessageState
	err       uint16
}

// A submission is what submit_sm, submit_multi and data_sm have in common.
type submission struct {
	source, dest       smpp.Address
	esm                smpp.ESMClass
	coding             smpp.DataCoding
	registered         smpp.RegisteredDelivery
	schedule, validity string
	octets             []byte
	short              bool // octets are a short_message
	tlvs               smpp.TLVs
}

// part reads a submission as strictly as operators do, and says with which status it is to be refused.
func (s *Simulator) part(m *submission) (*part, smpp.Status) {
	p := &part{
		source: m.source, dest: m.dest, octets: m.octets, coding: byte(m.coding),
		registered: m.registered, state: smpp.StateEnroute,
	}
	var ok bool
	if p.to, ok = s.number(m.dest); !ok {
		return nil, smpp.InvalidDest
	}
	header := 0
	if m.esm&smpp.ESMUDHI != 0 {
		udh, rest, err := smpp.ParseUDH(m.octets)
		if err != nil {
			return nil, smpp.InvalidESMClass
		}
		header, p.octets = len(m.octets)-len(rest), rest
		p.concat, _ = udh.Concat()
	} else if len(m.tlvs) > 0 {
		if p.concat, ok = m.tlvs.Concat(); ok {
			header = int(gsm.Header8)
		}
	}
	if m.short && len(p.octets) > room(header, m.coding) {
		return nil, smpp.InvalidMessageLength
	}
	if p.concat.Total == 1 {
		p.concat = smpp.Concat{}
	}
	subunit, _ := m.tlvs.Uint(smpp.TagDestAddrSubunit)
	p.flash = subunit == 1 || class(p.coding) == 0
	p.quote = quoted(p.octets, p.coding)
	return p, s.plan(p, m)
}

// plan reads the times of a submission.
func (s *Simulator) plan(p *part, m *submission) smpp.Status {
	now := s.clock.Now()
	p.taken = now.UnixMicro()
	p.start, p.expires = p.taken, forever
	if m.schedule != "" {
		at, err := smpp.ParseTime(m.schedule, now)
		if err != nil {
			return smpp.InvalidScheduleTime
		}
		p.start = max(p.start, at.UnixMicro())
	}
	if m.validity != "" {
		at, err := smpp.ParseTime(m.validity, now)
		if err != nil || at.Before(now) {
			return smpp.InvalidValidityPeriod
		}
		p.expires = at.UnixMicro()
	}
	return smpp.OK
}

// errWord is the reason as receipts have it, with three digits.
func (p *part) errWord() string { return fmt.Sprintf("%03d", p.err) }

func (p *part) final() bool { return p.state != smpp.StateEnroute }

// expiry is when the part expires, zero if never.
func (p *part) expiry() time.Time {
	if p.expires == forever {
		return time.Time{}
	}
	return timeAt(p.expires)
}

// forever is the expiry of a part that does not expire.
const forever = int64(1<<63 - 1)
