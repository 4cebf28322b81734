package gsm

import "strings"

// A Piece is one received part of a message.
type Piece struct {
	Index, Total uint8 // place, from 1, and number of parts
	Coding       byte  // SMPP's data_coding
	Octets       []byte
}

// Join puts the pieces of one message (same sender, receiver and reference)
// together, in whatever order and however often they came: of two with the same
// place the first counts. It tells whether the text is complete; before that
// it is empty. The first piece says how many there are, and pieces that say
// otherwise are ignored.
//
// Octets are joined before they are read, so a character that the sender cut
// in two is whole again. Senders may change the coding between parts.
func Join(pieces []Piece) (text string, complete bool) {
	if len(pieces) == 0 {
		return "", false
	}
	total := pieces[0].Total
	var places [256]*Piece
	missing := int(total)
	for i := range pieces {
		p := &pieces[i]
		if p.Total == total && p.Index >= 1 && p.Index <= total && places[p.Index] == nil {
			places[p.Index] = p
			missing--
		}
	}
	if missing > 0 || total == 0 {
		return "", false
	}
	var out strings.Builder
	var octets []byte
	for i := 1; i <= int(total); i++ {
		p := places[i]
		octets = append(octets, p.Octets...)
		if i == int(total) || places[i+1].Coding != p.Coding {
			out.WriteString(Decode(octets, p.Coding))
			octets = octets[:0]
		}
	}
	return out.String(), true
}
