package sms

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"ramier/internal/gsm"
)

// QuoteLife is how long a quote binds.
const QuoteLife = time.Hour

// Quote is what a plan promises: what each receiver would get, when and for how much. An order that names it is charged exactly
// that or refused.
type Quote struct {
	ID        string // a UUID
	ServiceID int64
	At        time.Time
	Credits   Credits
	Hash      []byte // of the plan: see Fingerprint
	UsedBy    int64  // first message of the job that was charged so, 0 = none yet

	Sender  string   // empty with short numbers
	Texts   []string // that Lines refer to
	Lines   []QuoteLine
	Invalid []Refusal
}

// QuoteLine is one receiver of a quote.
type QuoteLine struct {
	Receiver  string
	Country   string
	Text      int // index in the quote's Texts
	Length    int // septets, or 16-bit units if Unicode
	Parts     int
	Unicode   bool
	Culprit   string // the first character that forces Unicode, empty if none does
	CulpritAt int    // characters before it
	Credits   Credits
	DueAt     time.Time
	Delay     string // why DueAt is later than ordered
	Source    string // the short number, if one answers
	Carrier   string
	Route     int64  // 0 with a short number
	Why       string // what chose the carrier, in the operator's words
	PTT       int    // why it would be refused, 0 if it would not
	Line      int    // of its document, 0 = none
	Empty     []string
}

// NewQuote makes a quote of a plan and the rules that it was made by.
func NewQuote(id string, p *Plan, r *Rules) (Quote, error) {
	q := Quote{
		ID: id, ServiceID: p.Service.ID, At: p.At, Credits: p.Credits, Hash: p.Fingerprint(), Sender: p.Sender, Invalid: p.Invalid,
		Lines: make([]QuoteLine, len(p.Messages)),
	}
	known := map[string]int{}
	var counted []gsm.Analysis
	for i, m := range p.Messages {
		at, ok := known[m.Text]
		if !ok {
			a, err := EstimateText(m.Text, "", p.Order.ForceUnicode)
			if err != nil {
				return q, err
			}
			at = len(q.Texts)
			known[m.Text], q.Texts, counted = at, append(q.Texts, m.Text), append(counted, a)
		}
		a := counted[at]
		l := QuoteLine{
			Receiver: m.Receiver, Country: m.Country, Text: at, Length: a.Length, Parts: m.Parts, Unicode: a.Alphabet == gsm.UCS2, Credits: m.Credits,
			DueAt: m.DueAt, Delay: m.Delay, Source: m.Source, Carrier: r.Carriers[m.Carrier].Name, Route: m.Route, Line: m.Line, Empty: m.Empty,
		}
		if a.Culprit != 0 {
			l.Culprit, l.CulpritAt = string(a.Culprit), a.CulpritAt
		}
		if m.Refused {
			l.PTT = m.PTT
		}
		if j := slices.IndexFunc(r.Routes, func(t Route) bool { return t.ID == m.Route }); j >= 0 && m.Route != 0 {
			l.Why = r.Routes[j].Description
		}
		q.Lines[i] = l
	}
	return q, nil
}

// Fingerprint stands for what each receiver gets from whom and for how much. It does not depend on the time, on the tag or on the
// order of the receivers.
func (p *Plan) Fingerprint() []byte {
	sorted := slices.Clone(p.Messages)
	slices.SortFunc(sorted, func(a, b Planned) int { return cmp.Compare(a.Receiver, b.Receiver) })
	h := sha256.New()
	put := func(texts ...string) {
		for _, t := range texts {
			_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(t))))
			_, _ = h.Write([]byte(t))
		}
	}
	put(p.Sender)
	for _, m := range sorted {
		refused := ""
		if m.Refused {
			refused = "refused"
		}
		put(m.Receiver, m.Text, m.Source, refused)
		_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(m.Credits))) //nolint:gosec // bits
		_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(m.Parts)))   //nolint:gosec // bits
	}
	return h.Sum(nil)
}

// Bind looks whether a plan may be charged under the quote: it lives, was not used, and promises what the plan says. Error: Conflict,
// with the difference.
func (q *Quote) Bind(p *Plan) error {
	switch {
	case !p.At.Before(q.At.Add(QuoteLife)):
		return Errorf(Conflict, "The quote %s has expired: quotes live %d minutes; ask for a new one", q.ID, int(QuoteLife/time.Minute))
	case q.UsedBy != 0:
		return Errorf(Conflict, "The quote %s was used by the job %d: ask for a new one", q.ID, q.UsedBy)
	case q.Credits != p.Credits:
		difference := p.Credits - q.Credits
		sign := "+"
		if difference < 0 {
			sign = ""
		}
		return Errorf(Conflict, "The order costs %v credits now and %v in the quote %s, a difference of %s%v; nothing was sent: ask for a new quote",
			p.Credits, q.Credits, q.ID, sign, difference).
			With("quoted", q.Credits.String()).With("now", p.Credits.String()).With("difference", sign+difference.String())
	case !slices.Equal(q.Hash, p.Fingerprint()):
		return Errorf(Conflict, "The order is not the one that was quoted as %s, although it costs the same: its sender, a receiver, a text or an opt-out differs; nothing was sent", q.ID).
			With("quoted", q.Credits.String()).With("now", p.Credits.String()).With("difference", "0")
	}
	return nil
}

// Totals gives how many messages of the quote would be sent, with how many parts, and how many refused.
func (q *Quote) Totals() (messages, parts, refused int) {
	for _, l := range q.Lines {
		if l.PTT != 0 {
			refused++
			continue
		}
		messages++
		parts += l.Parts
	}
	return messages, parts, refused
}

// RefusedWhy says in words why a receiver would be refused.
func (l *QuoteLine) RefusedWhy() string {
	if l.PTT == 0 {
		return ""
	}
	p, _ := PTTByCode(l.PTT)
	return strings.TrimSuffix(p.Description, ".")
}
