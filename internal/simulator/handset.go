package simulator

import (
	"slices"
	"strings"

	"ramier/internal/smpp"
)

// A handset shows what was delivered to a number.
type handset struct {
	number string
	count  uint64
	last   *text
	texts  []*text // that are kept, in the order they arrived

	// The last one that can be answered.
	writer smpp.Address
	client *peer
}

// receive adds a text to the handset of its receiver. The caller holds mu.
func (s *Simulator) receive(t *text, first *part) {
	h := s.handsets[first.to]
	if h == nil {
		h = s.newHandset(first.to)
	}
	h.count++
	h.last = t
	if _, ok := s.number(first.source); ok {
		h.writer, h.client = first.source, first.from
	}
	if !t.forgotten {
		t.handset = h
		h.texts = append(h.texts, t)
	}
}

// newHandset adds a handset. When there are too many, it forgets some of which no message is kept. The caller holds mu.
func (s *Simulator) newHandset(number string) *handset {
	h := &handset{number: number}
	if len(s.handsets) >= 2*s.options.Keep {
		for n, old := range s.handsets {
			if len(old.texts) == 0 {
				delete(s.handsets, n)
			}
		}
	}
	s.handsets[number] = h
	return h
}

// forget drops a text, which is among the oldest. Texts arrive nearly in the order in which they were taken.
func (h *handset) forget(t *text) {
	i := slices.Index(h.texts, t)
	copy(h.texts[1:i+1], h.texts[:i])
	h.texts[0] = nil
	h.texts = h.texts[1:]
	t.handset = nil
}

// Handset is a phone that received something.
type Handset struct {
	Number string  `json:"number"`
	Count  uint64  `json:"count"` // of all messages it ever got
	Last   Message `json:"last"`
}

// Handsets lists the phones that received something, by their numbers.
func (s *Simulator) Handsets() []Handset {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Handset, 0, len(s.handsets))
	for _, h := range s.handsets {
		list = append(list, Handset{h.number, h.count, s.message(h.last)})
	}
	slices.SortFunc(list, func(a, b Handset) int { return strings.Compare(a.Number, b.Number) })
	return list
}
