package auth

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	"ramier/internal/sms"
)

// Passwords are kept as PBKDF2-HMAC-SHA512 with the rounds that OWASP asks for, in a form that names both, so that others
// can follow: "$pbkdf2-sha512$210000$salt$hash".
const (
	passwordForm   = "pbkdf2-sha512"
	passwordRounds = 210_000
	maxRounds      = 10_000_000
	maxPassword    = 256 // bytes; what is longer is nobody's
)

// HashPassword gives the form in which a password is stored.
func HashPassword(password string) string { return HashRounds(password, passwordRounds) }

// HashRounds is HashPassword with another number of rounds: few are enough for a sandbox, whose passwords protect nothing.
func HashRounds(password string, rounds int) string {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	return hashPassword(password, salt, rounds)
}

func hashPassword(password string, salt []byte, rounds int) string {
	key, err := pbkdf2.Key(sha512.New, password, salt, rounds, sha512.Size)
	if err != nil {
		panic(err) // only in FIPS mode with a short salt
	}
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$%s$%d$%s$%s", passwordForm, rounds, b64.EncodeToString(salt), b64.EncodeToString(key))
}

// isPassword compares a password with its stored form.
func isPassword(stored, password string) bool {
	f := strings.Split(stored, "$")
	if len(f) != 5 || f[1] != passwordForm {
		return false
	}
	rounds, err := strconv.Atoi(f[2])
	salt, bad := base64.RawStdEncoding.DecodeString(f[3])
	if err != nil || bad != nil || rounds < 1 || rounds > maxRounds {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(hashPassword(password, salt, rounds)), []byte(stored)) == 1
}

// Passwords checks passwords of programs, which send them with each request. One that was right is known again without the
// rounds; those that are wrong wear out: after ten within a minute no more are tried for the name for the rest of it.
type Passwords struct {
	now  func() time.Time
	key  []byte        // of this process; digests of right passwords are worth nothing elsewhere
	room chan struct{} // bounds how many are computed at once

	mu     sync.Mutex
	right  map[string][sha256.Size]byte // stored form -> digest
	wrongs map[string]wrongs
}

type wrongs struct {
	since time.Time
	count int
}

const (
	maxWrong   = 10
	wrongTime  = time.Minute
	maxKnown   = 100_000
	maxWrongly = 100_000 // names with wrong passwords that are remembered
)

// NewPasswords makes a checker that reads the time from now.
func NewPasswords(now func() time.Time) *Passwords {
	p := &Passwords{
		now: now, key: make([]byte, 32), room: make(chan struct{}, max(1, runtime.NumCPU()/2)), right: map[string][sha256.Size]byte{},
		wrongs: map[string]wrongs{},
	}
	_, _ = rand.Read(p.key)
	return p
}

// nobody is a stored form that no password has: an unknown name takes as long as a known one.
var nobody = "$" + passwordForm + "$" + strconv.Itoa(passwordRounds) + "$" + strings.Repeat("A", 22) + "$" + strings.Repeat("A", 86)

// Check compares a password with its stored form, empty for a name that does not exist. Wrong ones are counted by name, which should
// say from where, too, so that nobody locks others out. Errors: InvalidCredential; TooFast; that of ctx.
func (p *Passwords) Check(ctx context.Context, name, stored, password string) error {
	mac := hmac.New(sha256.New, p.key)
	mac.Write([]byte(stored + "\x00" + password))
	digest := [sha256.Size]byte(mac.Sum(nil))
	if p.isKnown(stored, digest) {
		return nil
	}
	select {
	case p.room <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-p.room }()
	if p.isKnown(stored, digest) { // meanwhile
		return nil
	}
	if err := p.patience(name); err != nil {
		return err
	}
	form := stored
	if form == "" {
		form = nobody
	}
	if len(password) > maxPassword || !isPassword(form, password) || stored == "" {
		p.note(name)
		return sms.Errorf(sms.InvalidCredential, "wrong login or password")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.wrongs, name)
	if len(p.right) >= maxKnown {
		clear(p.right)
	}
	p.right[stored] = digest
	return nil
}

func (p *Passwords) isKnown(stored string, digest [sha256.Size]byte) bool {
	p.mu.Lock()
	known, ok := p.right[stored]
	p.mu.Unlock()
	return ok && hmac.Equal(known[:], digest[:])
}

// patience refuses a name that was wrong too often.
func (p *Passwords) patience(name string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := p.wrongs[name]
	since := p.now().Sub(w.since)
	if w.count < maxWrong || since.Abs() >= wrongTime {
		return nil
	}
	e := sms.Errorf(sms.TooFast, "%d wrong passwords within a minute: wait, then try again with the right one", maxWrong)
	e.RetryAfter = wrongTime - since
	return e
}

// note counts a wrong password.
func (p *Passwords) note(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	w := p.wrongs[name]
	if now.Sub(w.since).Abs() >= wrongTime {
		w = wrongs{since: now}
	}
	if len(p.wrongs) >= maxWrongly {
		clear(p.wrongs)
	}
	w.count++
	p.wrongs[name] = w
}
