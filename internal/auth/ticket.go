package auth

import (
	"context"
	"encoding/json"
	"time"

	"github.com/go-webauthn/webauthn/webauthn"

	"ramier/internal/sms"
)

// A ticket is what a browser carries, sealed, from one step of a sign-in to the next.
type ticket struct {
	Kind     string                `json:"kind"`
	Until    int64                 `json:"until"`             // seconds
	Browser  string                `json:"browser,omitempty"` // whose it is
	Session  int64                 `json:"session,omitempty"` // likewise, where somebody has signed in
	Account  string                `json:"account,omitempty"` // who has proven something
	Changed  int64                 `json:"changed,omitempty"` // when his password was changed last, in µs
	Means    string                `json:"means,omitempty"`   // by what he has proven it
	Ceremony *webauthn.SessionData `json:"ceremony,omitempty"`
	Nonce    string                `json:"nonce,omitempty"`
	Verifier string                `json:"verifier,omitempty"`
	Next     string                `json:"next,omitempty"`
	Redirect string                `json:"redirect,omitempty"`
}

// The kinds of tickets: none serves as another.
const (
	secondKind   = "second"   // a second factor is wanted
	passkeyKind  = "passkey"  // somebody signs in with a passkey alone
	registerKind = "register" // somebody adds a passkey
	providerKind = "provider" // somebody is at the OpenID provider
)

// maxTicket is how long one may be, in bytes: it may name all the passkeys of an account.
const maxTicket = 64 << 10

func (s *SignIns) seal(t ticket) string {
	text, err := json.Marshal(t)
	if err != nil {
		panic(err) // texts and numbers alone
	}
	return s.store.Sealed(string(text))
}

// errLate is the error of a ticket that is old, of another kind or browser, or not ours.
var errLate = sms.Errorf(sms.NotAuthenticated, "That took too long, or was begun elsewhere: begin again")

// unseal reads a ticket of a kind that this browser was given. Error: NotAuthenticated.
func (s *SignIns) unseal(kind, text string, who Visitor) (t ticket, err error) {
	if len(text) > maxTicket {
		return t, errLate
	}
	plain, ok := s.store.Unsealed(text)
	if !ok || json.Unmarshal([]byte(plain), &t) != nil || t.Kind != kind || s.now().Unix() > t.Until || t.Browser != who.Browser.Mark {
		return ticket{}, errLate
	}
	return t, nil
}

// spend uses a ticket up. Error: NotAuthenticated if that has happened before.
func (s *SignIns) spend(ctx context.Context, text string, t ticket) error {
	first, err := s.store.SpendTicket(ctx, text, time.Unix(t.Until, 0))
	if err == nil && !first {
		err = errLate
	}
	return err
}

// until is when a ticket of now ends.
func (s *SignIns) until(lasts time.Duration) int64 { return s.now().Add(lasts).Unix() }
