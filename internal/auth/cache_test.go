package auth

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
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
	s := &shelf{cache: newCache[int](size, func(v string) int { return len(v) }, func(v string) int { return len(v) }), at: time.Unix(0, 0), says: map[int]string{}}
	s.now = func() time.Time { return s.at }
	s.born = s.at
	return s
}

func (s *shelf) ask(key int) (string, bool) {
	v, ok, _ := s.get(key, func() (string, bool, bool, error) {
		s.asked++
		v, ok := s.says[key]
		return v, ok, true, nil
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
		if len(s.known) > 10 || s.total != len(s.known) || len(s.unknown) > maxUnknown {
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
	s.get(1, func() (string, bool, bool, error) {
		s.drop(func(string) bool { return false })
		return "old", true, true, nil
	})
	s.says[1] = "new"
	s.want(t, 1, "new", 1)
}

func TestErrorsAreNotKept(t *testing.T) {
	s := newShelf(10)
	if _, _, err := s.get(1, func() (string, bool, bool, error) { return "", false, true, errors.New("down") }); err == nil {
		t.Error("no error")
	}
	s.says[1] = "a"
	s.want(t, 1, "a", 1)
}

func TestWhatIsNotToBeKeptIsAskedForEachTime(t *testing.T) {
	s := newShelf(10)
	for range 2 {
		if v, ok, err := s.get(1, func() (string, bool, bool, error) { return "waits", true, false, nil }); v != "waits" || !ok || err != nil {
			t.Error(v, ok, err)
		}
	}
	if len(s.known)+len(s.unknown) != 0 {
		t.Error("it is kept")
	}
}

func TestEqualGrantsAreShared(t *testing.T) {
	shared := grants{}
	c := newCache[int](1<<20, shared.keeping, shared.dropping)
	long := make([]sms.AccessRule, maxRules)
	for i := range long {
		long[i] = sms.AccessRule{Method: "GET", Path: strings.Repeat("x", maxRulePath)}
	}
	keep := func(key int, rules []sms.AccessRule) *credential {
		v, _, _ := c.get(key, func() (*credential, bool, bool, error) {
			return newCredential(&store.Credential{ID: int64(key), Rules: slices.Clone(rules), Account: sms.Account{Name: "shop"}}), true, true, nil
		})
		return v
	}
	a, b, other := keep(1, long), keep(2, long), keep(3, Everything())
	if a.grant != b.grant || a.grant == other.grant || a.holder != b.holder || len(shared) != 2 {
		t.Errorf("%d grants", len(shared))
	}
	if most := 3*credentialBytes + a.grant.bytes() + other.grant.bytes(); c.total != most {
		t.Errorf("%d bytes, want %d", c.total, most)
	}
	c.drop(func(v *credential) bool { return v.id == 1 })
	if len(shared) != 2 {
		t.Error("a grant in use is forgotten")
	}
	c.drop(func(v *credential) bool { return v.id == 2 })
	if len(shared) != 1 || c.total != credentialBytes+other.grant.bytes() {
		t.Errorf("%d grants, %d bytes", len(shared), c.total)
	}
	for i := range 100 {
		rules := slices.Clone(long)
		rules[0].Path = fmt.Sprint("/", i)
		keep(100+i, rules)
		if c.total > c.bytes || len(shared) != len(c.known) {
			t.Fatalf("%d bytes of %d, %d grants of %d keys", c.total, c.bytes, len(shared), len(c.known))
		}
	}
}

// TestEntriesAreAsLargeAsTheyCount makes as many entries as a cache may have and asks the runtime what they take.
func TestEntriesAreAsLargeAsTheyCount(t *testing.T) {
	const n = 50_000
	heap := func() int64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before, shared := heap(), grants{}
	apps := newCache[string](cacheBytes, (*application).bytes, (*application).bytes)
	creds := newCache[keyHash](cacheBytes, shared.keeping, shared.dropping)
	for i := range n {
		key := fmt.Sprintf("%016d", i)
		_, _, _ = apps.get(key, func() (*application, bool, bool, error) {
			return newApplication(store.Application{ID: int64(i), Key: key, Secret: strings.Repeat("s", 31) + key[15:], Status: "active"}), true, true, nil
		})
		_, _, _ = creds.get(hashKey(key), func() (*credential, bool, bool, error) {
			return newCredential(&store.Credential{ID: int64(i), Status: "validated", Rules: Everything(), Account: sms.Account{ID: int64(i / 10), Name: "ab" + key[:15]}}), true, true, nil
		})
	}
	took := heap() - before
	counted := int64(apps.total + creds.total)
	t.Logf("%d bytes for each application and key, %d counted", took/n, counted/n)
	if took > counted || took/n > 400 || len(creds.known) != n {
		t.Errorf("%d keys take %d bytes, %d are counted", len(creds.known), took, counted)
	}
	runtime.KeepAlive(apps)
	runtime.KeepAlive(creds)
}
