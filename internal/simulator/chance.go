package simulator

import (
	"hash/crc32"
	"slices"
	"strings"
	"time"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// mix turns numbers that follow each other into numbers that do not (the finaliser of SplitMix64).
func mix(n uint64) uint64 {
	n += 0x9E3779B97F4A7C15
	n = (n ^ n>>30) * 0xBF58476D1CE4E5B9
	n = (n ^ n>>27) * 0x94D049BB133111EB
	return n ^ n>>31
}

// draw gives a number in [0, 1) that depends on the seed and on what it is drawn for, not on what was drawn before.
func (s *Simulator) draw(to string, octets []byte) float64 {
	sum := uint64(crc32.Update(0, castagnoli, []byte(to)))<<32 | uint64(crc32.Checksum(octets, castagnoli))
	return float64(mix(s.options.Seed^mix(sum))>>11) / (1 << 53)
}

// tick is what the arrival of ordinary messages is rounded down to, so that many are due at once.
const tick = int64(time.Millisecond / time.Microsecond)

// transit is when an ordinary message arrives.
func (s *Simulator) transit(p *part) int64 {
	delay := float64(micros(s.options.Delay))
	at := p.due + int64(delay*(1+s.draw(p.to, p.octets)))
	return max(at-at%tick, p.due)
}

// A share is the part of the ordinary numbers below a limit that a behaviour has.
type share struct {
	below float64
	*behaviour
}

// shares puts the shares one behind the other, in the order of their names.
func shares(of map[string]float64) []share {
	var all []share
	var below float64
	for i := range table {
		if part := of[table[i].Name]; part > 0 {
			below += part
			all = append(all, share{below, &table[i]})
		}
	}
	return all
}

// behaviourOf tells what happens to messages to a number.
func (s *Simulator) behaviourOf(to string) *behaviour {
	if b := behaviourAt(to); b != nil {
		return b
	}
	if len(s.mix) > 0 {
		drawn := s.draw(to, nil)
		for _, m := range s.mix {
			if drawn < m.below {
				return m.behaviour
			}
		}
	}
	return &table[0]
}

func behaviourNamed(name string) *behaviour {
	i := slices.IndexFunc(table, func(b behaviour) bool { return b.Name == name })
	if i < 0 {
		return nil
	}
	return &table[i]
}

func names() string {
	var all []string
	for _, b := range table {
		all = append(all, b.Name)
	}
	return strings.Join(all, ", ")
}
