package simulator

import (
	"encoding/binary"
	"net/http"
)

// An Arrival tells of one message, in little room, that it was taken and when: enough to count and time millions of them.
type Arrival struct {
	Message uint64 // what ArrivalHash gives for it
	At      int64  // microseconds since 1970, when its last part was taken
}

// ArrivalSize is how many octets an arrival has in the control API.
const ArrivalSize = 16

// ArrivalHash names a message by its receiver, as +33639980000 or a short number's digits, and its text (FNV-1a, 64 bits).
func ArrivalHash(to, text string) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := uint64(offset)
	for i := range len(to) {
		h = (h ^ uint64(to[i])) * prime
	}
	h *= prime // a NUL between the two
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * prime
	}
	return h
}

// arrivals are those that are noted, in pieces, so that nothing is moved when they grow.
type arrivals struct {
	pieces [][]Arrival
	count  int
}

const arrivalPiece = 4096

// noteArrival notes a message that is complete, if there is room. The caller holds mu.
func (s *Simulator) noteArrival(t *text, at int64) {
	a := &s.arrived
	if a.count >= s.options.Arrivals {
		return
	}
	if a.count%arrivalPiece == 0 {
		a.pieces = append(a.pieces, make([]Arrival, 0, arrivalPiece))
	}
	last := &a.pieces[len(a.pieces)-1]
	*last = append(*last, Arrival{ArrivalHash(t.parts[0].to, t.read()), at})
	a.count++
}

// Arrivals gives the messages that were taken, from the n-th on, in the order in which they came; as many as Options.Arrivals allows.
func (s *Simulator) Arrivals(n int) []Arrival {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Arrival, 0, max(s.arrived.count-n, 0))
	for i, piece := range s.arrived.pieces {
		if skip := n - i*arrivalPiece; skip < len(piece) {
			all = append(all, piece[max(skip, 0):]...)
		}
	}
	return all
}

// getArrivals answers the arrivals from one on: for each the hash and the time, big endian.
func (s *Simulator) getArrivals(w http.ResponseWriter, r *http.Request) {
	after, err := whole(r, "after", 0, 1<<31)
	if err != nil {
		answering(func(*http.Request) (any, error) { return nil, err }).ServeHTTP(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Cache-Control", "no-store")
	list := s.Arrivals(int(after)) //nolint:gosec // checked
	buffer := make([]byte, 0, arrivalPiece*ArrivalSize)
	for len(list) > 0 {
		n := min(len(list), arrivalPiece)
		buffer = buffer[:0]
		for _, a := range list[:n] {
			buffer = binary.BigEndian.AppendUint64(buffer, a.Message)
			buffer = binary.BigEndian.AppendUint64(buffer, uint64(a.At)) //nolint:gosec // since 1970
		}
		if _, err := w.Write(buffer); err != nil {
			return // the one who asked is gone
		}
		list = list[n:]
	}
}
