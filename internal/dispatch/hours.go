package dispatch

import (
	"time"

	"ramier/internal/sms"
)

// sendingHours remembers for the present minute what may leave. A message is put off when it is accepted; but its carrier may have
// been away, or a long campaign last into the night.
type sendingHours struct {
	minute time.Time
	known  map[hoursKey]bool
}

type hoursKey struct{ hours, country string }

// closed tells that advertising may not be sent to a country now.
func (s *sendingHours) closed(hours, country string, now time.Time) bool {
	if hours == "" {
		return false
	}
	if minute := now.Truncate(time.Minute); s.known == nil || !minute.Equal(s.minute) {
		s.minute, s.known = minute, map[hoursKey]bool{}
	}
	key := hoursKey{hours, country}
	closed, ok := s.known[key]
	if !ok {
		_, why := sms.NextSending(now, country, hours)
		closed = why != ""
		s.known[key] = closed
	}
	return closed
}
