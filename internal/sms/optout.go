package sms

import (
	"cmp"
	"strings"
	"time"

	"ramier/internal/phone"
)

// OptOut says that a receiver wants no more advertising from a service, or from a part of it, with the proof.
type OptOut struct {
	Receiver   string // E.164 with +
	Scope      Scope
	Source     string // OptOutByReply or OptOutByImport
	Words      string // what the receiver wrote; of an import, what it gives as proof
	OutgoingID int64  // the message that was answered, 0 if none is known
	IncomingID int64  // the reply, 0 if there is none
	At         time.Time
}

// The sources of an opt-out.
const (
	OptOutByReply  = "reply"
	OptOutByImport = "import"
)

// Scope is what an opt-out is from: all of a service when empty, else "sender:NAME" or "tag:TAG".
type Scope string

// The kinds of scopes, as Settings.StopScope names what a STOP is from.
const (
	ScopeService = "service"
	ScopeSender  = "sender"
	ScopeTag     = "tag"
)

// MaxScope is the most characters of a scope.
const MaxScope = 300

// ScopeOf gives the scope of a STOP that answers a message of the sender and tag, by the service's setting. Where the message has
// no sender, as those of short numbers, or no tag, the STOP is from all of the service.
func ScopeOf(setting, sender, tag string) Scope {
	switch {
	case setting == ScopeSender && sender != "":
		return senderScope(sender)
	case setting == ScopeTag && tag != "":
		return tagScope(tag)
	}
	return ""
}

// StopScope gives the service's setting.
func (s *Service) StopScope() string { return cmp.Or(s.Settings.StopScope, ScopeService) }

func senderScope(sender string) Scope { return Scope(ScopeSender + ":" + sender) }
func tagScope(tag string) Scope       { return Scope(ScopeTag + ":" + tag) }

// Check looks whether a scope is one. Error: Invalid.
func (s Scope) Check() error {
	kind, value, _ := strings.Cut(string(s), ":")
	if s == "" || (kind == ScopeSender || kind == ScopeTag) && value != "" && len([]rune(s)) <= MaxScope && !strings.ContainsRune(value, 0) {
		return nil
	}
	return Errorf(Invalid, "scope = %q is none: leave it empty for the whole service, or give sender:NAME or tag:TAG", string(s))
}

// Scopes lists the scopes that messages of a sender and tag are in.
func Scopes(sender, tag string) []string {
	all := []string{""}
	if sender != "" {
		all = append(all, string(senderScope(sender)))
	}
	if tag != "" {
		all = append(all, string(tagScope(tag)))
	}
	return all
}

// Numbers gives the receivers of an order in E.164, those that can be read, with local numbers of the country.
func (o *Order) Numbers(country string) []string {
	numbers := make([]string, 0, len(o.Receivers))
	for _, r := range o.Receivers {
		if n, err := phone.Parse(r, country); err == nil {
			numbers = append(numbers, n.E164)
		}
	}
	return numbers
}

// FromShortNumber tells that no sender of the service's is shown. The short number wins if both are given, as at OVH, and answers
// when none is.
func (o *Order) FromShortNumber() bool { return o.ForResponse || o.Sender == "" }
