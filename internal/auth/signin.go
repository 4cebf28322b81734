package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-webauthn/webauthn/webauthn"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// How long somebody stays signed in, and how wrong passwords are slowed down.
const (
	sessionLasts = 12 * time.Hour
	sessionIdles = 2 * time.Hour // unused, it ends sooner
	sessionNoted = time.Minute   // how exactly its last use is known
	ticketLasts  = 5 * time.Minute

	freeFailures = 5  // in a row, from one network or browser; from then on each costs a wait
	freeOfAll    = 50 // for one account, from all networks
	firstWait    = time.Minute
	longestWait  = time.Hour
	longestOfAll = 10 * time.Minute
	parallel     = 2 // passwords that are checked at a time: each takes 19 MiB
	maxAgent     = 200
	maxSignIn    = 128              // of a name: that of an account, a slash and that of a person
	freshSession = 10 * time.Minute // who has no password to confirm with must have signed in that recently
)

// SignIns lets the owners of accounts sign in with a password, and knows their sessions. It is safe for concurrent use.
type SignIns struct {
	store     *store.Store
	now       func() time.Time
	slots     chan struct{}
	nobody    string // the hash of a password that nobody has
	addresses throttle
	passkeys  *webauthn.WebAuthn // nil = there are none
	provider  *provider          // nil = there is none
}

// NewSignIns makes a SignIns.
func NewSignIns(s *store.Store, now func() time.Time) *SignIns {
	return &SignIns{
		store: s, now: now, slots: make(chan struct{}, parallel), nobody: hashOwner(rand.Text()),
		addresses: throttle{every: 2 * time.Second, burst: 30},
	}
}

// CodeWanted is the error of a right password where a second factor is asked for: Second shows what may be given with the ticket.
type CodeWanted struct{ Ticket string }

func (CodeWanted) Error() string { return "a second factor is wanted" }

// wrongPassword does not say whether there is such an account.
var wrongPassword = sms.Errorf(sms.NotAuthenticated, "The account or the password is wrong")

// SignIn opens a session and gives its token. Errors: CodeWanted; NotAuthenticated; TooFast, with the time to wait, whether there is
// such an account or not.
func (s *SignIns) SignIn(ctx context.Context, account, password string, who Visitor) (token string, err error) {
	account = strings.ToLower(strings.TrimSpace(account))
	if len(account) > maxSignIn || len(password) > maxPassword || !utf8.ValidString(account) || strings.ContainsRune(account, 0) {
		return "", wrongPassword
	}
	if err := s.try(ctx, account, who); err != nil {
		return "", err
	}
	l, ok, err := s.store.Login(ctx, account)
	if err != nil {
		return "", err
	}
	hash := s.nobody // the password of a stranger, or of somebody who has none, takes as long to check
	if ok = ok && l.Password != ""; ok {
		hash = l.Password
	}
	right, err := s.fits(ctx, password, hash)
	switch {
	case err != nil:
		return "", err
	case !right || !ok:
		return "", wrongPassword
	}
	return s.proceed(ctx, l, meansPassword, who)
}

// What somebody has signed in by.
const (
	meansPassword = "password"
	meansCode     = "code"
	meansRecovery = "recovery"
	meansPasskey  = "passkey"
	meansProvider = "provider"
)

// proceed opens a session for somebody who has given a first factor, unless he has a second. Error: CodeWanted.
func (s *SignIns) proceed(ctx context.Context, l store.Login, means string, who Visitor) (token string, err error) {
	keys, err := s.store.CountPasskeys(ctx, l.Account.ID)
	if err != nil {
		return "", err
	}
	if l.OTPSecret == "" && keys == 0 {
		return s.open(ctx, l, means, who)
	}
	if means == meansPassword {
		if err := s.giveBack(ctx, l.Account.Name, who); err != nil { // this was no failure; the second factor may still be one
			return "", err
		}
	}
	return "", CodeWanted{s.seal(ticket{
		Kind: secondKind, Until: s.until(ticketLasts), Browser: who.Browser.Mark, Account: l.Account.Name, Changed: changedAt(l), Means: means,
	})}
}

// changedAt is 0 when there is no password.
func changedAt(l store.Login) int64 {
	if l.ChangedAt.IsZero() {
		return 0
	}
	return l.ChangedAt.UnixMicro()
}

// SignInWithCode opens a session with the second factor: a one-time password or a recovery code. Errors: as SignIn.
func (s *SignIns) SignInWithCode(ctx context.Context, text, code string, who Visitor) (token string, err error) {
	t, l, err := s.second(ctx, text, who)
	if err != nil {
		return "", err
	}
	by, err := s.useCode(ctx, l.Account, code)
	if err != nil {
		return "", err
	}
	return s.open(ctx, l, t.Means+"+"+by, who)
}

// second reads the ticket of somebody who has given a first factor, and counts an attempt of his.
func (s *SignIns) second(ctx context.Context, text string, who Visitor) (t ticket, l store.Login, err error) {
	if t, err = s.unseal(secondKind, text, who); err != nil {
		return t, l, err
	}
	if err := s.try(ctx, t.Account, who); err != nil {
		return t, l, err
	}
	if l, err = s.login(ctx, t.Account); err == nil && changedAt(l) != t.Changed {
		err = errLate // the password is another by now
	}
	return t, l, err
}

// login gives how the owner of an account signs in, which may be without a password.
func (s *SignIns) login(ctx context.Context, account string) (store.Login, error) {
	l, ok, err := s.store.Login(ctx, account)
	if err == nil && !ok {
		l.Account, err = s.store.Account(ctx, account)
	}
	return l, err
}

// useCode uses up a code of the second factor, and tells of what kind it was. Error: NotAuthenticated.
func (s *SignIns) useCode(ctx context.Context, account sms.Account, code string) (by string, err error) {
	err = s.store.ChangeLogin(ctx, account, func(l *store.Login) error {
		left := len(l.Recovery)
		if !useCode(l, code, s.now()) {
			return sms.Errorf(sms.NotAuthenticated, "The code is wrong, or was used already")
		}
		if by = meansCode; len(l.Recovery) < left {
			by = meansRecovery
		}
		return nil
	})
	return by, err
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

// open opens a session for somebody who has proven everything, while nobody has changed how he signs in.
func (s *SignIns) open(ctx context.Context, l store.Login, means string, who Visitor) (token string, err error) {
	now := s.now()
	token = rand.Text() + rand.Text()
	if err := s.store.AddSession(ctx, &store.Session{
		Account: l.Account, CreatedAt: now, UsedAt: now, ExpiresAt: now.Add(sessionLasts), Address: who.address(), Agent: who.agent(),
	}, token, l.ChangedAt); err != nil {
		return "", err
	}
	if err := s.forgive(ctx, l.Account.Name, who); err != nil {
		return "", err
	}
	return token, s.note(ctx, l.Account, EventSignIn, means, who)
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

// Sessions lists the sessions of an account that go on.
func (s *SignIns) Sessions(ctx context.Context, account int64) ([]store.Session, error) {
	now := s.now()
	all, err := s.store.Sessions(ctx, account, now)
	return slices.DeleteFunc(all, func(v store.Session) bool { return now.Sub(v.UsedAt) >= sessionIdles }), err
}

// ResetPassword gives an account a password, as an operator does; made up if it is empty. All its sessions end, so does a lock-out, and so do
// its second factors and passkeys if they are to be dropped. Error: Invalid.
func (s *SignIns) ResetPassword(ctx context.Context, account sms.Account, password string, dropFactors bool) (string, error) {
	if password == "" {
		password = NewPassword()
	}
	if err := CheckPassword(account.Name, password); err != nil {
		return "", err
	}
	if dropFactors {
		if err := s.store.RemovePasskeys(ctx, account.ID); err != nil {
			return "", err
		}
	}
	if err := s.setPassword(ctx, account, password, 0, dropFactors); err != nil {
		return "", err
	}
	return password, errors.Join(s.store.DropAttempts(ctx, account.Name), s.note(ctx, account, EventPasswordReset, "", Visitor{}))
}

// ResetFactors takes from an account its one-time codes, recovery codes and passkeys, as an operator does; all its sessions end.
func (s *SignIns) ResetFactors(ctx context.Context, account sms.Account) error {
	if err := s.store.RemovePasskeys(ctx, account.ID); err != nil {
		return err
	}
	if _, ok, err := s.store.Login(ctx, account.Name); err != nil {
		return err
	} else if ok {
		if err := s.store.ChangeLogin(ctx, account, func(l *store.Login) error {
			l.OTPSecret, l.OTPStep, l.Recovery = "", 0, nil
			return nil
		}); err != nil {
			return err
		}
	}
	return errors.Join(s.store.EndSessions(ctx, account.ID, 0), s.store.DropAttempts(ctx, account.Name), s.note(ctx, account, EventFactorsReset, "", Visitor{}))
}

// setPassword changes a password; all sessions but one end, 0 = all.
func (s *SignIns) setPassword(ctx context.Context, account sms.Account, password string, except int64, dropFactors bool) error {
	hash := hashOwner(password)
	if err := s.store.ChangeLogin(ctx, account, func(l *store.Login) error {
		l.Password, l.ChangedAt = hash, s.now()
		if dropFactors {
			l.OTPSecret, l.OTPStep, l.Recovery = "", 0, nil
		}
		return nil
	}); err != nil {
		return err
	}
	return s.store.EndSessions(ctx, account.ID, except)
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
	if err := s.setPassword(ctx, v.Account, password, v.ID, false); err != nil {
		return err
	}
	return s.note(ctx, v.Account, EventPassword, "", who)
}

// confirm asks the owner of a session for his password once more; if he has none, he must have signed in a moment ago. Errors: NotAuthenticated,
// TooFast.
func (s *SignIns) confirm(ctx context.Context, v store.Session, password string, who Visitor) error {
	if err := s.try(ctx, v.Account.Name, who); err != nil {
		return err
	}
	l, _, err := s.store.Login(ctx, v.Account.Name)
	if err != nil {
		return err
	}
	if l.Password == "" {
		if s.now().Sub(v.CreatedAt) > freshSession {
			return sms.Errorf(sms.NotAuthenticated, "You signed in more than %s ago: sign in again to do this", freshSession)
		}
		return s.forgive(ctx, v.Account.Name, who)
	}
	right := false
	if len(password) <= maxPassword {
		if right, err = s.fits(ctx, password, l.Password); err != nil {
			return err
		}
	}
	if !right {
		return sms.Errorf(sms.NotAuthenticated, "The present password is wrong")
	}
	return s.forgive(ctx, v.Account.Name, who)
}

// Security is how the owner of an account signs in.
type Security struct {
	Password   bool
	Code       bool // one-time codes
	Recovery   int  // codes that are left
	Passkeys   []store.Passkey
	Identities []store.Identity
	Events     []store.LoginEvent // the latest first
}

// Factors tells how many second factors there are.
func (s Security) Factors() int {
	n := len(s.Passkeys)
	if s.Code {
		n++
	}
	return n
}

// shownEvents is how many events an owner sees.
const shownEvents = 20

// Security tells how the owner of an account signs in.
func (s *SignIns) Security(ctx context.Context, account sms.Account) (v Security, err error) {
	l, _, err := s.store.Login(ctx, account.Name)
	if err != nil {
		return v, err
	}
	v = Security{Password: l.Password != "", Code: l.OTPSecret != "", Recovery: len(l.Recovery)}
	if v.Passkeys, err = s.store.Passkeys(ctx, account.ID); err != nil {
		return v, err
	}
	if v.Identities, err = s.store.Identities(ctx, account.ID); err != nil {
		return v, err
	}
	v.Events, err = s.store.LoginEvents(ctx, account.ID, shownEvents)
	return v, err
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
// wrong one-time or present password, TooFast. There are none if there are some already.
func (s *SignIns) SwitchCodeOn(ctx context.Context, v store.Session, offer NewCode, code, password string, who Visitor) (recovery []string, err error) {
	step, ok := stepOf(offer.Secret, code, s.now(), 0)
	if !ok {
		return nil, sms.Errorf(sms.NotAuthenticated, "The code is wrong: is the clock of your phone right?")
	}
	if err := s.confirm(ctx, v, password, who); err != nil {
		return nil, err
	}
	return s.newFactor(ctx, v, EventCodeOn, "", who, func(l *store.Login) { l.OTPSecret, l.OTPStep = offer.Secret, step })
}

// newFactor adds a second factor. If it is the first there are recovery codes, and the other sessions, which began without it, end.
func (s *SignIns) newFactor(ctx context.Context, v store.Session, event, detail string, who Visitor, add func(*store.Login)) (recovery []string, err error) {
	first := false
	err = s.store.ChangeLogin(ctx, v.Account, func(l *store.Login) error {
		add(l)
		if first = len(l.Recovery) == 0; first {
			recovery, l.Recovery = newRecovery()
		}
		return nil
	})
	if err == nil && first {
		err = s.store.EndSessions(ctx, v.Account.ID, v.ID)
	}
	if err == nil {
		err = s.note(ctx, v.Account, event, detail, who)
	}
	return recovery, err
}

// NewRecovery makes new recovery codes instead of the old ones, which are shown once. Errors: NotAuthenticated for a wrong password, TooFast; Conflict
// if there is no second factor.
func (s *SignIns) NewRecovery(ctx context.Context, v store.Session, password string, who Visitor) (codes []string, err error) {
	if err := s.confirm(ctx, v, password, who); err != nil {
		return nil, err
	}
	keys, err := s.store.CountPasskeys(ctx, v.Account.ID)
	if err != nil {
		return nil, err
	}
	if err := s.store.ChangeLogin(ctx, v.Account, func(l *store.Login) error {
		if l.OTPSecret == "" && keys == 0 {
			return sms.Errorf(sms.Conflict, "there is no second factor")
		}
		codes, l.Recovery = newRecovery()
		return nil
	}); err != nil {
		return nil, err
	}
	return codes, s.note(ctx, v.Account, EventRecovery, "", who)
}

// SwitchCodeOff ends one-time codes. Errors: NotAuthenticated for a wrong password, TooFast; Conflict if they are the last second factor and last is
// false.
func (s *SignIns) SwitchCodeOff(ctx context.Context, v store.Session, password string, last bool, who Visitor) error {
	if err := s.confirm(ctx, v, password, who); err != nil {
		return err
	}
	keys, err := s.store.CountPasskeys(ctx, v.Account.ID)
	if err != nil {
		return err
	}
	if keys == 0 && !last {
		return sms.Errorf(sms.Conflict, "this is the last second factor: say that you mean it")
	}
	if err := s.store.ChangeLogin(ctx, v.Account, func(l *store.Login) error {
		l.OTPSecret, l.OTPStep = "", 0
		if keys == 0 {
			l.Recovery = nil
		}
		return nil
	}); err != nil {
		return err
	}
	return s.note(ctx, v.Account, EventCodeOff, "", who)
}
