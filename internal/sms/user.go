package sms

import (
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// User is somebody who sends for a service with a login and a password of his own, over http2sms, email2sms or his tree in the
// API.
type User struct {
	ID           int64
	ServiceID    int64
	Login        string
	PasswordHash string // what auth.HashPassword gives
	// HasQuota: he spends what was set aside for him, QuotaLeft, and no more; else what the service has.
	HasQuota     bool
	QuotaLeft    Credits
	Alert        Alert
	Restrictions []string // addresses and networks that he may come from; empty = from anywhere
	CallBack     string
	StopCallBack string
	CreatedAt    time.Time
}

// Alert says when and how to warn that a user's quota runs low.
type Alert struct {
	Threshold int64  // credits, -1 = never
	Support   string // mail, sms or both
	Email     string
	Number    string
	Sent      bool // since the quota was above the threshold
}

// The bounds of a user: OVH's for logins and restrictions. Over REST OVH takes passwords of exactly 8 characters.
const (
	MaxLogin        = 40
	MinPassword     = 8
	MaxPassword     = 64
	MaxRestrictions = 5
)

var login = regexp.MustCompile(`^[A-Za-z0-9._@-]{1,40}$`)

// CheckLogin tells what is wrong with the name of a user.
func CheckLogin(name string) error {
	if !login.MatchString(name) || name == "." || name == ".." { // those two stand for other places in an address
		return Errorf(Invalid, "login = %q is not a login: take 1 to %d letters, digits and . _ - @", cutRunes(name, MaxLogin), MaxLogin)
	}
	return nil
}

// CheckPassword tells what is wrong with a new password, without showing it.
func CheckPassword(password string) error {
	n := utf8.RuneCountInString(password)
	if n < MinPassword || n > MaxPassword || strings.ContainsFunc(password, func(r rune) bool { return r < ' ' || r == utf8.RuneError }) {
		return Errorf(Invalid, "password has %d characters: take %d to %d, and no control characters", n, MinPassword, MaxPassword)
	}
	return nil
}

// CheckRestrictions tells what is wrong with the addresses that a user may come from.
func CheckRestrictions(addresses []string) error {
	if len(addresses) > MaxRestrictions {
		return Errorf(Invalid, "ipRestrictions holds %d addresses, more than %d: name networks, like 192.0.2.0/24", len(addresses), MaxRestrictions)
	}
	for _, a := range addresses {
		if _, err := ParseNetwork(a); err != nil {
			return Errorf(Invalid, "ipRestrictions: %q is neither an address nor a network: write it like 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32", cutRunes(a, 64))
		}
	}
	return nil
}

// Low tells whether the user's quota has come down to where he wants to be warned.
func (u User) Low() bool {
	return u.HasQuota && u.Alert.Threshold >= 0 && u.QuotaLeft <= Credits(u.Alert.Threshold)*Credit
}

func cutRunes(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
