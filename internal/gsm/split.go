package gsm

import "unicode/utf16"

// A Header is the number of octets that the user data header takes in each
// part of a message of several parts, its length octet included.
type Header int

const (
	// Header8 is the usual header, with a reference of 8 bits: parts hold 153
	// septets or 67 units. It is also right for parts that carry their place in
	// SMPP's sar_ fields: the operator makes this header of them.
	Header8 Header = 6
	// Header16 has a reference of 16 bits: parts hold 152 septets or 66 units,
	// so a text may need one part more than it is billed for.
	Header16 Header = 7
)

// room is the size of the user data of one short message, in octets.
const room = 140

// single is the number of units in a message of one part.
func (a Alphabet) single() int { return a.perPart(0) }

// perPart is the number of units in each part behind a header.
func (a Alphabet) perPart(h Header) int {
	if a == UCS2 {
		return (room - int(h)) / 2
	}
	return (room - int(h)) * 8 / 7
}

// A Splitter cuts texts into parts. Its zero value is ready. It reuses its
// memory: what one call returns is valid until the next.
type Splitter struct {
	octets []byte
	ends   []int
	parts  [][]byte
}

// Split gives the octets of each part of a text, without a header: septets one
// to an octet, as SMPP wants them in data_coding 0, or UTF-16 with the high
// octet first. The alphabet is chosen as by Analyse. An escape or a surrogate
// is never parted from what follows it, so a part may have room left. An error
// is a *NotUTF8Error or *TooLongError.
func (s *Splitter) Split(text string, want Alphabet, h Header) (Alphabet, [][]byte, error) {
	a, _, err := measure(text, want)
	if err != nil {
		return a.Alphabet, nil, err
	}
	most := a.Alphabet.single()
	if a.Length > most {
		most = a.Alphabet.perPart(h)
	}
	if a.Length > MaxParts*most { // before any memory is taken
		return a.Alphabet, nil, &TooLongError{a.Alphabet, a.Length, MaxParts * most}
	}
	s.octets, s.ends = s.octets[:0], s.ends[:0]
	if a.Alphabet == UCS2 {
		s.cutUnits(text, 2*most)
	} else {
		s.cutSeptets(text, most)
	}
	s.ends = append(s.ends, len(s.octets))
	if len(s.ends) > MaxParts {
		return a.Alphabet, nil, &TooLongError{a.Alphabet, a.Length, MaxParts * most}
	}
	s.parts = s.parts[:0]
	start := 0
	for _, end := range s.ends {
		s.parts = append(s.parts, s.octets[start:end:end])
		start = end
	}
	return a.Alphabet, s.parts, nil
}

// cutSeptets encodes a text that GSM7 has and notes where parts end.
func (s *Splitter) cutSeptets(text string, most int) {
	octets, start := s.octets, 0
	for _, r := range text {
		c := code(r)
		width := int(c>>7) + 1
		if len(octets)+width > start+most {
			start = len(octets)
			s.ends = append(s.ends, start)
		}
		if c >= 0x80 {
			octets = append(octets, escape)
		}
		octets = append(octets, c&0x7f)
	}
	s.octets = octets
}

// cutUnits encodes any text as UTF-16 and notes where parts end.
func (s *Splitter) cutUnits(text string, most int) {
	octets, start := s.octets, 0
	for _, r := range text {
		width := 2
		if r > 0xffff {
			width = 4
		}
		if len(octets)+width > start+most {
			start = len(octets)
			s.ends = append(s.ends, start)
		}
		if r > 0xffff {
			high, low := utf16.EncodeRune(r)
			octets = append(octets, byte(high>>8), byte(high))
			r = low
		}
		octets = append(octets, byte(r>>8), byte(r))
	}
	s.octets = octets
}
