package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// How long somebody stays signed in, and how wrong passwords are slowed down.
const (
	sessionLasts = 12 * time.Hour
	sessionIdles = 2 * time.Hour // unused, it ends sooner
	sessionNoted = time.Minute   // how exactly its last use is known
	ticketLasts  = 5 * time.Minute

	freeFailures = 5 // in a row, for one name; from then on each costs a wait
	firstWait    = time.Minute
	longestWait  = time.Hour
	parallel     = 2 // passwords that are checked at a time: each takes 19 MiB
	maxAgent     = 200
	maxSignIn    = 128 // of a name: that of an account, a slash and that of a person
)

// SignIns lets the owners of accounts sign in with a password, and knows their sessions. It is safe for concurrent use.
type SignIns struct {
	store     *store.Store
	now       func() time.Time
	slots     chan struct{}
	nobody    string // the hash of a password that nobody has
	addresses throttle
}

// NewSignIns makes a SignIns.
func NewSignIns(s *store.Store, now func() time.Time) *SignIns {
	return &SignIns{
		store: s, now: now, slots: make(chan struct{}, parallel), nobody: hashOwner(rand.Text()),
		addresses: throttle{every: 2 * time.Second, burst: 30},
	}
}

// A Visitor is who tries to sign in.
type Visitor struct {
	Address netip.Addr
	Agent   string // what his browser calls itself
}

// CodeWanted is the error of a right password where a second factor is asked for: SignInWithCode goes on with the ticket.
type CodeWanted struct{ Ticket string }

func (CodeWanted) Error() string { return "a one-time code is wanted" }

// wrongPassword does not say whether there is such an account.
var wrongPassword = sms.Errorf(sms.NotAuthenticated, "The account or the password is wrong")

// SignIn opens a session and gives its token. Errors: CodeWanted; NotAuthenticated; TooFast, with the time to wait, whether there is
// such an account or not.
func (s *SignIns) SignIn(ctx context.Context, account, password string, who Visitor) (token string, err error) {
	account = strings.ToLower(strings.TrimSpace(account))
	if len(account) > maxSignIn || len(password) > maxPassword || strings.ContainsRune(account, 0) {
		return "", wrongPassword
	}
	if err := s.try(ctx, account, who); err != nil {
		return "", err
	}
	l, ok, err := s.store.Login(ctx, account)
	if err != nil {
		return "", err
	}
	hash := s.nobody // a stranger's password takes as long to check
	if ok {
		hash = l.Password
	}
	right, err := s.fits(ctx, password, hash)
	switch {
	case err != nil:
		return "", err
	case !right || !ok:
		return "", wrongPassword
	case l.OTPSecret != "":
		if err := s.giveBack(ctx, account); err != nil { // this was no failure; the code may still be one
			return "", err
		}
		until := s.now().Add(ticketLasts).Unix()
		return "", CodeWanted{s.store.Sealed(strconv.FormatInt(until, 10) + " " + strconv.FormatInt(l.ChangedAt.UnixMicro(), 10) + " " + account)}
	}
	return s.open(ctx, l.Account, who)
}

// SignInWithCode opens a session with the second factor: a one-time password or a recovery code. Errors: as SignIn.
func (s *SignIns) SignInWithCode(ctx context.Context, ticket, code string, who Visitor) (token string, err error) {
	late := sms.Errorf(sms.NotAuthenticated, "That took too long: begin again")
	text, ok := s.store.Unsealed(ticket)
	words := strings.SplitN(text, " ", 3)
	if !ok || len(words) != 3 {
		return "", late
	}
	until, err := strconv.ParseInt(words[0], 10, 64)
	if err != nil || s.now().Unix() > until {
		return "", late
	}
	if err := s.try(ctx, words[2], who); err != nil {
		return "", err
	}
	l, ok, err := s.store.Login(ctx, words[2])
	if err != nil {
		return "", err
	}
	if !ok || strconv.FormatInt(l.ChangedAt.UnixMicro(), 10) != words[1] {
		return "", late // the password is another by now
	}
	if err := s.useCode(ctx, l.Account, code); err != nil {
		return "", err
	}
	return s.open(ctx, l.Account, who)
}

// useCode uses up a code of the second factor. Error: NotAuthenticated.
func (s *SignIns) useCode(ctx context.Context, account sms.Account, code string) error {
	return s.store.ChangeLogin(ctx, account, func(l *store.Login) error {
		if l.OTPSecret == "" || !useCode(l, code, s.now()) {
			return sms.Errorf(sms.NotAuthenticated, "The code is wrong, or was used already")
		}
		return nil
	})
}

// try counts an attempt as failed before it is made, so that many at once are no more than many in a row.
func (s *SignIns) try(ctx context.Context, name string, who Visitor) error {
	now := s.now()
	if !s.addresses.allow(who.Address.String(), now) {
		return tooMany(2 * time.Second)
	}
	return s.store.ChangeAttempts(ctx, name, func(a *store.Attempts) error {
		if wait := a.Until.Sub(now); wait > 0 && wait <= longestWait { // a clock that was set back must not lock out for long
			return tooMany(wait)
		}
		a.Failures++
		a.LastAt = now
		if late := a.Failures - freeFailures; late >= 0 {
			a.Until = now.Add(min(longestWait, firstWait<<min(late, 10)))
		}
		return nil
	})
}

// giveBack takes one failure of a name back.
func (s *SignIns) giveBack(ctx context.Context, name string) error {
	return s.store.ChangeAttempts(ctx, name, func(a *store.Attempts) error {
		a.Failures, a.Until = max(0, a.Failures-1), time.Time{} // any earlier wait was over, or this attempt had not been made
		return nil
	})
}

func tooMany(wait time.Duration) error {
	e := sms.Errorf(sms.TooFast, "Too many attempts: wait %s", wait.Round(time.Second))
	e.RetryAfter = wait
	return e
}

// fits checks a password, few at a time.
func (s *SignIns) fits(ctx context.Context, password, hash string) (bool, error) {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
		return fitsOwner(password, hash), nil
	case <-ctx.Done():
		return false, sms.Wrap(sms.Unavailable, ctx.Err(), "too many people sign in at once: try again in a moment")
	}
}

// open opens a session for somebody who has proven everything.
func (s *SignIns) open(ctx context.Context, account sms.Account, who Visitor) (token string, err error) {
	if err := s.store.ChangeAttempts(ctx, account.Name, func(a *store.Attempts) error {
		*a = store.Attempts{}
		return nil
	}); err != nil {
		return "", err
	}
	agent := strings.ToValidUTF8(strings.ReplaceAll(who.Agent, "\x00", ""), "")
	if len(agent) > maxAgent {
		agent = strings.ToValidUTF8(agent[:maxAgent], "")
	}
	now, address := s.now(), ""
	if who.Address.IsValid() {
		address = who.Address.String()
	}
	token = rand.Text() + rand.Text()
	return token, s.store.AddSession(ctx, &store.Session{
		Account: account, CreatedAt: now, UsedAt: now, ExpiresAt: now.Add(sessionLasts), Address: address, Agent: agent,
	}, token)
}

// Session gives the session of a token; ok is false if there is none or it is over.
func (s *SignIns) Session(ctx context.Context, token string) (v store.Session, ok bool, err error) {
	if token == "" || len(token) > maxKey {
		return v, false, nil
	}
	v, ok, err = s.store.Session(ctx, token)
	now := s.now()
	if err != nil || !ok || !now.Before(v.ExpiresAt) || now.Sub(v.UsedAt) >= sessionIdles {
		return store.Session{}, false, err
	}
	if now.Sub(v.UsedAt) >= sessionNoted {
		v.UsedAt = now
		err = s.store.TouchSession(ctx, v.ID, now)
	}
	return v, true, err
}

// SetPassword gives an account a password; made up if it is empty. All its sessions but one end (0 = all), and so does its second
// factor if an operator asks for that. Error: Invalid.
func (s *SignIns) SetPassword(ctx context.Context, account sms.Account, password string, except int64, dropCode bool) (string, error) {
	if password == "" {
		password = NewPassword()
	}
	if err := CheckPassword(account.Name, password); err != nil {
		return "", err
	}
	hash := hashOwner(password)
	err := s.store.ChangeLogin(ctx, account, func(l *store.Login) error {
		l.Password, l.ChangedAt = hash, s.now()
		if dropCode {
			l.OTPSecret, l.OTPStep, l.Recovery = "", 0, nil
		}
		return nil
	})
	if err == nil {
		err = s.store.ChangeAttempts(ctx, account.Name, func(a *store.Attempts) error {
			*a = store.Attempts{}
			return nil
		})
	}
	return password, errors.Join(err, s.store.EndSessions(ctx, account.ID, except))
}

// ChangePassword lets the owner of a session choose another password; his other sessions end. Errors: NotAuthenticated if the old one
// is wrong, TooFast, Invalid.
func (s *SignIns) ChangePassword(ctx context.Context, v store.Session, old, password string, who Visitor) error {
	if err := CheckPassword(v.Account.Name, password); err != nil {
		return err
	}
	if err := s.confirm(ctx, v, old, who); err != nil {
		return err
	}
	_, err := s.SetPassword(ctx, v.Account, password, v.ID, false)
	return err
}

// confirm asks the owner of a session for his password once more. Errors: NotAuthenticated, TooFast.
func (s *SignIns) confirm(ctx context.Context, v store.Session, password string, who Visitor) error {
	if err := s.try(ctx, v.Account.Name, who); err != nil {
		return err
	}
	l, ok, err := s.store.Login(ctx, v.Account.Name)
	if err != nil {
		return err
	}
	right := false
	if ok && len(password) <= maxPassword {
		if right, err = s.fits(ctx, password, l.Password); err != nil {
			return err
		}
	}
	if !right {
		return sms.Errorf(sms.NotAuthenticated, "The present password is wrong")
	}
	return s.store.ChangeAttempts(ctx, v.Account.Name, func(a *store.Attempts) error {
		*a = store.Attempts{}
		return nil
	})
}

// HasCode tells whether an account has a second factor, and how many recovery codes are left.
func (s *SignIns) HasCode(ctx context.Context, account sms.Account) (on bool, recovery int, err error) {
	l, ok, err := s.store.Login(ctx, account.Name)
	return ok && l.OTPSecret != "", len(l.Recovery), err
}

// A NewCode is a second factor before it is switched on: an authenticator app has to show that it knows the secret.
type NewCode struct {
	Secret string // as people type it into the app
	Ticket string // to be given back with the first one-time password
}

// OfferCode makes a second factor up.
func (s *SignIns) OfferCode(v store.Session) NewCode {
	secret := newOTPSecret()
	until := strconv.FormatInt(s.now().Add(12*ticketLasts).Unix(), 10)
	return NewCode{Secret: secret, Ticket: s.store.Sealed("otp " + until + " " + strconv.FormatInt(v.ID, 10) + " " + secret)}
}

// OfferedCode gives the offer of a ticket once more; ok is false if it is not this session's, or too old.
func (s *SignIns) OfferedCode(v store.Session, ticket string) (offer NewCode, ok bool) {
	text, ok := s.store.Unsealed(ticket)
	words := strings.Split(text, " ")
	if !ok || len(words) != 4 || words[0] != "otp" || words[2] != strconv.FormatInt(v.ID, 10) {
		return offer, false
	}
	until, err := strconv.ParseInt(words[1], 10, 64)
	return NewCode{Secret: words[3], Ticket: ticket}, err == nil && s.now().Unix() <= until
}

// SwitchCodeOn makes an offered second factor count, and gives the recovery codes, which are shown once. Errors: NotAuthenticated for a
// wrong one-time or present password, TooFast.
func (s *SignIns) SwitchCodeOn(ctx context.Context, v store.Session, offer NewCode, code, password string, who Visitor) (recovery []string, err error) {
	step, ok := stepOf(offer.Secret, code, s.now(), 0)
	if !ok {
		return nil, sms.Errorf(sms.NotAuthenticated, "The code is wrong: is the clock of your phone right?")
	}
	if err := s.confirm(ctx, v, password, who); err != nil {
		return nil, err
	}
	codes, hashes := newRecovery()
	return codes, s.store.ChangeLogin(ctx, v.Account, func(l *store.Login) error {
		l.OTPSecret, l.OTPStep, l.Recovery = offer.Secret, step, hashes
		return nil
	})
}

// SwitchCodeOff ends the second factor. Errors: NotAuthenticated for a wrong password, TooFast.
func (s *SignIns) SwitchCodeOff(ctx context.Context, v store.Session, password string, who Visitor) error {
	if err := s.confirm(ctx, v, password, who); err != nil {
		return err
	}
	return s.store.ChangeLogin(ctx, v.Account, func(l *store.Login) error {
		l.OTPSecret, l.OTPStep, l.Recovery = "", 0, nil
		return nil
	})
}
