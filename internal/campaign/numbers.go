package campaign

import "strings"

// numbers is a set of phone numbers that takes 8 to 16 bytes for each: lists have a million.
type numbers struct {
	places []uint64 // a power of two; 0 = free
	count  int
	others map[string]bool // what is no + and digits
}

// add adds a number in E.164 and tells whether it is new.
func (n *numbers) add(e164 string) bool {
	key, ok := digits(e164)
	if !ok {
		if n.others[e164] {
			return false
		}
		if n.others == nil {
			n.others = map[string]bool{}
		}
		n.others[e164] = true
		return true
	}
	if 2*(n.count+1) > len(n.places) {
		n.grow()
	}
	if !n.put(key) {
		return false
	}
	n.count++
	return true
}

// has tells whether a number is in the set.
func (n *numbers) has(e164 string) bool {
	key, ok := digits(e164)
	if !ok {
		return n.others[e164]
	}
	if len(n.places) == 0 {
		return false
	}
	for at := n.place(key); n.places[at] != 0; at = (at + 1) % len(n.places) {
		if n.places[at] == key {
			return true
		}
	}
	return false
}

// place is where the search for a key begins. Numbers of a list follow each other, so they are spread.
func (n *numbers) place(key uint64) int {
	return int(key * 0x9e3779b97f4a7c15 >> 20 & uint64(len(n.places)-1)) //nolint:gosec // below the length
}

func (n *numbers) put(key uint64) bool {
	at := n.place(key)
	for n.places[at] != 0 {
		if n.places[at] == key {
			return false
		}
		at = (at + 1) % len(n.places)
	}
	n.places[at] = key
	return true
}

func (n *numbers) grow() {
	old := n.places
	n.places = make([]uint64, max(1024, 2*len(old)))
	for _, key := range old {
		if key != 0 {
			n.put(key)
		}
	}
}

// digits reads +33612345678 as a number.
func digits(e164 string) (key uint64, ok bool) {
	rest, ok := strings.CutPrefix(e164, "+")
	if !ok || rest == "" || len(rest) > 15 || rest[0] == '0' {
		return 0, false
	}
	for i := range len(rest) {
		c := rest[i] - '0'
		if c > 9 {
			return 0, false
		}
		key = 10*key + uint64(c)
	}
	return key, true
}
