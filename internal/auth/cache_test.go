package auth

import (
	"errors"
	"strings"
	"testing"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// A shelf is a cache with a store of numbers behind it that counts who asks.
type shelf struct {
	*cache[int, string]
	at    time.Time
	asked int
	says  map[int]string
}

func newShelf(size int) *shelf {
	s := &shelf{cache: newCache[int](size, func(v string) int { return len(v) }), at: time.Unix(0, 0), says: map[int]string{}}
	s.now = func() time.Time { return s.at }
	return s
}

func (s *shelf) ask(key int) (string, bool) {
	v, ok, _ := s.get(key, func(string) (string, bool, error) {
		s.asked++
		v, ok := s.says[key]
		return v, ok, nil
	})
	return v, ok
}

func (s *shelf) want(t *testing.T, key int, value string, asked int) {
	t.Helper()
	if v, ok := s.ask(key); v != value || ok != (value != "") || s.asked != asked {
		t.Errorf("%d is %q, %t after %d questions; want %q after %d", key, v, ok, s.asked, value, asked)
	}
}

func TestWhatIsKnownIsAskedAgainInTime(t *testing.T) {
	s := newShelf(10)
	s.says[1] = "a"
	s.want(t, 1, "a", 1)
	s.says[1] = "b"
	s.at = s.at.Add(knownFor - 1)
	s.want(t, 1, "a", 1)
	s.at = s.at.Add(1)
	s.want(t, 1, "b", 2)

	s.want(t, 2, "", 3)
	s.says[2] = "c"
	s.at = s.at.Add(unknownFor - 1)
	s.want(t, 2, "", 3)
	s.at = s.at.Add(1)
	s.want(t, 2, "c", 4)
	delete(s.says, 2)
	s.at = s.at.Add(knownFor)
	s.want(t, 2, "", 5)
	s.want(t, 2, "", 5)
}

func TestCachesAreBounded(t *testing.T) {
	s := newShelf(10)
	for i := range 1000 {
		s.says[i] = "a"
		s.ask(i)
		s.ask(-i - 1)
		if len(s.known) > 10 || s.total != len(s.known) || len(s.unknown) > 10 {
			t.Fatalf("%d known of weight %d, %d unknown", len(s.known), s.total, len(s.unknown))
		}
	}
	s.says[1] = strings.Repeat("a", 8)
	s.ask(1)
	if _, known := s.known[1]; !known || s.total > 10 || len(s.known) > 3 {
		t.Errorf("%d known of weight %d", len(s.known), s.total)
	}
	s.says[2] = strings.Repeat("a", 80) // alone it may be past the limit
	s.ask(2)
	s.ask(3)
	if s.total > 10 || len(s.known) != 1 {
		t.Errorf("%d known of weight %d", len(s.known), s.total)
	}
	s.clear()
	if s.total != 0 || len(s.known)+len(s.unknown) != 0 {
		t.Error("not all is forgotten")
	}
}

func TestAFloodOfUnknownKeysPushesOutNoKnownOne(t *testing.T) {
	s := newShelf(10)
	s.says[1] = "a"
	s.ask(1)
	for i := range 1000 {
		s.ask(i + 2)
	}
	s.want(t, 1, "a", 1001)
}

func TestALookUpThatBeganBeforeAChangeIsNotKept(t *testing.T) {
	s := newShelf(10)
	s.get(1, func(string) (string, bool, error) {
		s.drop(func(string) bool { return false })
		return "old", true, nil
	})
	s.says[1] = "new"
	s.want(t, 1, "new", 1)
}

func TestErrorsAreNotKept(t *testing.T) {
	s := newShelf(10)
	if _, _, err := s.get(1, func(string) (string, bool, error) { return "", false, errors.New("down") }); err == nil {
		t.Error("no error")
	}
	s.says[1] = "a"
	s.want(t, 1, "a", 1)
}

func TestHeavyEntriesCountForMore(t *testing.T) {
	c := &credential{}
	if c.weight() != 1 || newApplication(store.Application{Name: strings.Repeat("x", 5000)}, nil).weight() != 5 {
		t.Error("weights are wrong")
	}
	for range maxRules {
		c.Rules = append(c.Rules, sms.AccessRule{Method: "GET", Path: strings.Repeat("x", maxRulePath)})
	}
	if got := c.weight(); got < 50 || got > 60 {
		t.Errorf("100 long rules weigh %d", got)
	}
}
