package simulator

import (
	"time"

	"ramier/internal/smpp"
)

const (
	maxTalkers = 10_000 // handsets whose words are kept
	maxSaid    = 100    // messages of one, the last ones
)

// Said is a message that a handset wrote.
type Said struct {
	To   string    `json:"to"`
	Text string    `json:"text"`
	At   time.Time `json:"at"`
}

// remember keeps what a handset wrote. The caller holds mu.
func (s *Simulator) remember(number string, to smpp.Address, words string) {
	all, _ := s.said.get(number)
	if len(all) == maxSaid {
		all = append(all[:0:0], all[1:]...)
	}
	s.said.put(number, append(all, Said{s.sender(to), words, s.clock.Now()}))
}

// Said gives the last 100 messages that a handset wrote, the oldest first; also those by which magic numbers answer by themselves. Error: *Mistake.
func (s *Simulator) Said(handset string) ([]Said, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	number, ok := s.number(smpp.Address{Addr: handset})
	if !ok {
		return nil, &Mistake{"number", handset, "give the number of a handset, such as +33639980000"}
	}
	all, _ := s.said.get(number)
	return append([]Said{}, all...), nil
}
