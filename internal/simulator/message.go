package simulator

import (
	"slices"
	"time"

	"ramier/internal/smpp"
)

// Message is what the operator was handed for a receiver, joined from its parts.
type Message struct {
	Seq       uint64     `json:"seq"` // grows from message to message
	ID        string     `json:"id"`  // of the first part
	From      string     `json:"from"`
	To        string     `json:"to"`
	Text      string     `json:"text"`
	Parts     int        `json:"parts"`
	PartIDs   []string   `json:"partIds"`
	Octets    int        `json:"octets"` // of all parts, without headers
	Coding    int        `json:"coding"` // data_coding of the first part
	Alphabet  string     `json:"alphabet"`
	Class     *int       `json:"class,omitempty"`
	Flash     bool       `json:"flash"`
	Receipt   bool       `json:"receipt"` // one was asked for
	Behaviour string     `json:"behaviour"`
	State     string     `json:"state"` // of the first part that is not delivered, or delivered
	Err       string     `json:"err"`   // as in receipts
	Taken     time.Time  `json:"taken"`
	Done      *time.Time `json:"done,omitempty"` // when it got into a final state
	Validity  *time.Time `json:"validity,omitempty"`
	SystemID  string     `json:"systemId"` // of the client that submitted it
}

// message describes a text. The caller holds mu.
func (s *Simulator) message(t *text) Message {
	first := t.parts[0]
	m := Message{
		Seq: t.seq, From: s.sender(first.source), To: first.to, Text: t.read(),
		Parts: len(t.parts), Coding: int(first.coding), Alphabet: smpp.DataCoding(first.coding).String(),
		Flash: first.flash, Receipt: first.registered&3 != 0, Behaviour: first.behaviour.Name, SystemID: first.from.systemID,
	}
	if c := class(first.coding); c >= 0 {
		m.Class = &c
	}
	decisive, taken := first, first.taken
	for _, p := range t.parts {
		m.PartIDs = append(m.PartIDs, s.options.IDs.answered(p.id))
		m.Octets += len(p.octets)
		taken = max(taken, p.taken)
		switch {
		case decisive.state == smpp.StateDelivered && p.state == smpp.StateDelivered && p.due > decisive.due,
			decisive.state == smpp.StateDelivered && p.state != smpp.StateDelivered:
			decisive = p
		}
	}
	m.ID, m.Taken = m.PartIDs[0], timeAt(taken)
	m.State, m.Err = decisive.state.String(), decisive.errWord()
	if decisive.final() {
		done := timeAt(decisive.due)
		m.Done = &done
	}
	if v := first.expiry(); !v.IsZero() {
		m.Validity = &v
	}
	return m
}

// Query chooses messages. Its zero value is all that are kept.
type Query struct {
	Handset string // only those on the handset with this number, in the order they arrived
	After   uint64 // only those with a higher seq
	Text    string // only those that contain these words, whatever their case
	Limit   int    // the newest ones, or with After the next ones

	forward bool // the next ones, even after 0
}

// Messages gives those on a handset, the newest last; all that were taken, if the number is empty.
func (s *Simulator) Messages(number string) []Message {
	list, _ := s.Search(Query{Handset: number}) // a number that nobody has got nothing
	return list
}

// Search gives messages that are kept, the newest last. A message is complete when all its parts were taken; it has
// reached its handset if its state is "delivered".
func (s *Simulator) Search(q Query) ([]Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	texts := s.kept.texts
	if q.Handset != "" {
		number, ok := s.number(smpp.Address{Addr: q.Handset})
		if !ok {
			return nil, &Mistake{"number", q.Handset, "give the number of a handset, such as +33639980000"}
		}
		if texts = nil; s.handsets[number] != nil {
			texts = s.handsets[number].texts
		}
	}
	list := []Message{}
	forward := q.forward || q.After > 0
	for i := range texts {
		t := texts[i]
		if !forward {
			t = texts[len(texts)-1-i]
		}
		if q.Limit > 0 && len(list) == q.Limit {
			break
		}
		if t.seq > q.After && (q.Text == "" || contains(t.read(), q.Text)) {
			list = append(list, s.message(t))
		}
	}
	if !forward {
		slices.Reverse(list)
	}
	return list, nil
}
