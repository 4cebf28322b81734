package simulator

import (
	"strings"

	"ramier/internal/gsm"
)

// A text is a message as its receiver reads it, of one part or more.
type text struct {
	seq       uint64  // its place among all that were taken; 0 until it is complete
	parts     []*part // by their places; nil for those that have not come
	single    [1]*part
	missing   int // parts that are not on the handset
	absent    int // parts that have not come
	weight    int // in the archive
	delivered int64
	handset   *handset // that shows it; nil before, and after it was forgotten
	forgotten bool
	answered  bool // by a handset that does so by itself
}

// joinKey names a long message.
type joinKey struct {
	from, to string
	ref      uint16
	total    byte
	wide     bool
}

func keyOf(p *part) joinKey {
	return joinKey{p.source.Addr, p.to, p.concat.Ref, p.concat.Total, p.concat.Wide}
}

// join gives a part its place in a text. One that comes a second time gets none: the first one counts. The caller
// holds mu.
func (s *Simulator) join(p *part) {
	if p.concat.Total == 0 {
		t := &text{missing: 1}
		t.single[0] = p
		t.parts = t.single[:]
		p.text = t
		s.kept.addText(t)
		s.noteArrival(t, p.taken)
		return
	}
	key := keyOf(p)
	t, begun := s.joins.get(key)
	if !begun {
		n := int(p.concat.Total)
		t = &text{parts: make([]*part, n), missing: n, absent: n}
		s.joins.put(key, t)
	}
	if t.parts[p.concat.Seq-1] != nil {
		return
	}
	t.parts[p.concat.Seq-1], p.text = p, t
	if t.absent--; t.absent == 0 {
		s.joins.drop(key)
		s.kept.addText(t)
		s.noteArrival(t, p.taken)
	}
}

// completes tells whether a part that is about to be joined is the last one of its text. The caller holds mu.
func (s *Simulator) completes(p *part) bool {
	if p.concat.Total == 0 {
		return true
	}
	t, begun := s.joins.get(keyOf(p))
	return begun && t.absent == 1 && t.parts[p.concat.Seq-1] == nil
}

// read is what the handset shows.
func (t *text) read() string {
	if len(t.parts) == 1 {
		return gsm.Decode(t.parts[0].octets, t.parts[0].coding)
	}
	pieces := make([]gsm.Piece, len(t.parts))
	for i, p := range t.parts {
		pieces[i] = gsm.Piece{Index: uint8(i + 1), Total: uint8(len(t.parts)), Coding: p.coding, Octets: p.octets}
	}
	whole, _ := gsm.Join(pieces)
	return whole
}

// archive keeps the texts and parts that were taken last.
type archive struct {
	room    int // in weights: parts, those with a long payload counting more
	used    int
	nextSeq uint64
	texts   []*text // in the order of seq, without gaps
	parts   []*part // by their id modulo room
}

// addPart keeps a part so that it is found by its id.
func (a *archive) addPart(p *part) {
	place := int(p.id % uint64(a.room))
	for len(a.parts) <= place {
		a.parts = append(a.parts, nil)
	}
	if old := a.parts[place]; old == nil || old.id != p.id { // of several receivers, the first one stands for all
		a.parts[place] = p
	}
}

// part finds a part by its id.
func (a *archive) part(id uint64) *part {
	place := int(id % uint64(a.room))
	if place >= len(a.parts) || a.parts[place] == nil || a.parts[place].id != id {
		return nil
	}
	return a.parts[place]
}

// addText keeps a complete text and forgets the oldest ones beyond the room.
func (a *archive) addText(t *text) {
	a.nextSeq++
	t.seq = a.nextSeq
	for _, p := range t.parts {
		t.weight += 1 + len(p.octets)/512
	}
	a.texts = append(a.texts, t)
	for a.used += t.weight; a.used > a.room && len(a.texts) > 1; {
		a.forget(a.texts[0])
		a.texts[0] = nil
		a.texts = a.texts[1:]
	}
}

func (a *archive) forget(t *text) {
	a.used -= t.weight
	t.forgotten = true
	if t.handset != nil {
		t.handset.forget(t)
	}
	for _, p := range t.parts {
		if place := int(p.id % uint64(a.room)); a.parts[place] == p {
			a.parts[place] = nil
		}
	}
}

// contains looks for words as people do, whatever their case.
func contains(text, words string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(words))
}
