package auth

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"time"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// A Visitor is who tries to sign in.
type Visitor struct {
	Address netip.Addr
	Agent   string // what his browser calls itself
	Browser Browser
}

// A Browser is one that was here before, as its cookie tells. What it begins only it can finish; and where an account's owner has signed in
// with it, the wrong passwords of others do not keep him out.
type Browser struct {
	Mark     string   `json:"mark"`
	Accounts []string `json:"accounts"` // the latest last
}

const (
	browserKind   = "browser "
	knownAccounts = 8 // of one browser
	maxCookie     = 2000
)

// Browser reads the cookie of a browser, and gives one that nobody has seen if it is none of ours.
func (s *SignIns) Browser(cookie string) (b Browser, known bool) {
	if text, ok := s.store.Unsealed(cookie); ok && len(cookie) <= maxCookie {
		if text, ok = strings.CutPrefix(text, browserKind); ok && json.Unmarshal([]byte(text), &b) == nil && b.Mark != "" {
			return b, true
		}
	}
	return Browser{Mark: rand.Text()}, false
}

// Cookie gives the cookie of a browser in which the owner of an account has signed in, empty for nobody.
func (s *SignIns) Cookie(b Browser, account string) string {
	if account != "" {
		b.Accounts = append(slices.DeleteFunc(slices.Clone(b.Accounts), func(known string) bool { return known == account }), account)
		b.Accounts = b.Accounts[max(0, len(b.Accounts)-knownAccounts):]
	}
	text, err := json.Marshal(b)
	if err != nil {
		panic(err) // texts alone
	}
	return s.store.Sealed(browserKind + string(text))
}

// network is where an address is: whoever has one has its neighbours too.
func network(a netip.Addr, v4, v6 int) string {
	bits := v6
	if a.Is4() {
		bits = v4
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return "nowhere"
	}
	return p.String()
}

// ofAll begins the name that counts what fails for an account in all networks.
const ofAll = "name "

// attemptNames are those under which the failures of a visitor are counted. A browser in which the account's owner has signed in has a
// count of its own. Others share one with their network, and one with everybody else that lets far more through: whoever wants to keep
// an owner out by wrong passwords needs many networks, and does not reach the browsers he uses.
func attemptNames(account string, who Visitor) []string {
	if slices.Contains(who.Browser.Accounts, account) {
		return []string{"browser " + who.Browser.Mark + " " + account}
	}
	return []string{"net " + network(who.Address, 24, 48) + " " + account, ofAll + account}
}

// try counts an attempt as failed before it is made, so that many at once are no more than many in a row.
func (s *SignIns) try(ctx context.Context, account string, who Visitor) error {
	if err := s.arrive(who); err != nil {
		return err
	}
	now := s.now()
	return s.store.ChangeAttempts(ctx, attemptNames(account, who), func(all []store.Attempts) error {
		for _, a := range all {
			if wait := a.Until.Sub(now); wait > 0 && wait <= longestWait { // a clock that was set back must not lock out for long
				return tooMany(wait)
			}
		}
		for i := range all {
			free, longest := int64(freeFailures), longestWait
			if strings.HasPrefix(all[i].Name, ofAll) {
				free, longest = freeOfAll, longestOfAll
			}
			all[i].Failures++
			all[i].LastAt = now
			if late := all[i].Failures - free; late >= 0 {
				all[i].Until = now.Add(min(longest, firstWait<<min(late, 10)))
			}
		}
		return nil
	})
}

// arrive slows down those who come too often, whatever they want.
func (s *SignIns) arrive(who Visitor) error {
	if !s.addresses.allow(network(who.Address, 32, 64), s.now()) {
		return tooMany(2 * time.Second)
	}
	return nil
}

// giveBack takes one failure back.
func (s *SignIns) giveBack(ctx context.Context, account string, who Visitor) error {
	return s.store.ChangeAttempts(ctx, attemptNames(account, who), func(all []store.Attempts) error {
		for i := range all { // any earlier wait was over, or this attempt had not been made
			all[i].Failures, all[i].Until = max(0, all[i].Failures-1), time.Time{}
		}
		return nil
	})
}

// forgive forgets the failures of a visitor who has proven everything.
func (s *SignIns) forgive(ctx context.Context, account string, who Visitor) error {
	return s.store.ChangeAttempts(ctx, attemptNames(account, who), func(all []store.Attempts) error {
		for i := range all {
			all[i].Failures = 0
		}
		return nil
	})
}

func tooMany(wait time.Duration) error {
	e := sms.Errorf(sms.TooFast, "Too many attempts: wait %s", wait.Round(time.Second))
	e.RetryAfter = wait
	return e
}

// What happens to an account's ways in, as its owner sees it.
const (
	EventSignIn          = "signin"           // detail: by what
	EventPassword        = "password"         // changed
	EventPasswordReset   = "password.reset"   // by an operator
	EventFactorsReset    = "factors.reset"    // by an operator
	EventCodeOn          = "code.on"          // one-time codes
	EventCodeOff         = "code.off"         //
	EventRecovery        = "recovery"         // new recovery codes
	EventPasskeyAdded    = "passkey.added"    // detail: its name
	EventPasskeyRemoved  = "passkey.removed"  // detail: its name
	EventPasskeyCloned   = "passkey.cloned"   // detail: its name
	EventIdentityAdded   = "identity.added"   // detail: whom
	EventIdentityRemoved = "identity.removed" // detail: whom
)

// note notes an event and mails it to the owner; a sign-in only if it comes from where nobody has signed in before. Nobody visits when an
// operator acts.
func (s *SignIns) note(ctx context.Context, account sms.Account, kind, detail string, who Visitor) error {
	tell := true
	if kind == EventSignIn {
		known, err := s.familiar(ctx, account, who)
		if err != nil {
			return err
		}
		tell = !known
	}
	e := store.LoginEvent{At: s.now(), Kind: kind, Detail: detail, Address: who.address(), Agent: who.agent()}
	if err := s.store.AddLoginEvent(ctx, account.ID, e); err != nil || !tell {
		return err
	}
	return s.store.TellOwner(ctx, account.ID, sms.SafetyEvent{Kind: kind, Who: account.Name, Detail: detail, Address: e.Address, Agent: e.Agent, At: e.At})
}

// lookedBack is how many of the latest events are looked through for the network of a sign-in.
const lookedBack = 100

// familiar tells whether the account's owner has signed in with this browser before, and lately from this network.
func (s *SignIns) familiar(ctx context.Context, account sms.Account, who Visitor) (bool, error) {
	if !slices.Contains(who.Browser.Accounts, account.Name) {
		return false, nil
	}
	events, err := s.store.LoginEvents(ctx, account.ID, lookedBack)
	here := network(who.Address, 24, 48)
	return slices.ContainsFunc(events, func(e store.LoginEvent) bool {
		at, err := netip.ParseAddr(e.Address)
		return err == nil && e.Kind == EventSignIn && network(at, 24, 48) == here
	}), err
}

func (w Visitor) address() string {
	if !w.Address.IsValid() {
		return ""
	}
	return w.Address.String()
}

func (w Visitor) agent() string {
	agent := strings.ToValidUTF8(strings.ReplaceAll(w.Agent, "\x00", ""), "")
	if len(agent) > maxAgent {
		agent = strings.ToValidUTF8(agent[:maxAgent], "")
	}
	return agent
}
