package auth

import (
	"crypto/sha256"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"
	"unique"

	"ramier/internal/sms"
	"ramier/internal/store"
)

// What an entry of a cache takes beside the texts counted: the record, its place in the map and what a map leaves free.
const (
	applicationBytes = 176
	credentialBytes  = 168
	bearerBytes      = 600
)

// An application, as far as a signature needs it.
type application struct {
	id, account int64
	key, secret string      // beside each other in memory
	status      string      // one of the few that there are
	kept        atomic.Bool // it is in the cache, which hears of changes
}

// statuses are the words that most records share.
var statuses = map[string]string{"active": "active", "blocked": "blocked", "inactive": "inactive", "trusted": "trusted", "validated": "validated", "refused": "refused", "expired": "expired"}

func newApplication(a store.Application) *application {
	both := a.Key + a.Secret
	app := &application{id: a.ID, account: a.AccountID, key: both[:len(a.Key)], secret: both[len(a.Key):], status: a.Status}
	if word, ok := statuses[a.Status]; ok {
		app.status = word
	}
	return app
}

func (a *application) bytes() int { return applicationBytes + len(a.key) + len(a.secret) }

func (a *application) keeping() int {
	a.kept.Store(true)
	return a.bytes()
}

func (a *application) dropping() int {
	a.kept.Store(false)
	return a.bytes()
}

// A holder is whom a consumer key belongs to. Keys of one holder share it.
type holder struct {
	id                       int64
	name, country            string
	operator                 bool
	operatorRole             sms.Role
	personID                 int64
	person                   string
	role, personOperatorRole sms.Role
}

// A grant is what a consumer key allows, and from where. Keys with equal grants share one.
type grant struct {
	sum   [sha256.Size]byte // of what it says
	rules []sms.AccessRule
	from  []netip.Prefix // nil = any
	keys  int            // entries of the cache, under its lock
}

// bytes counts a grant and its place among the shared ones.
func (g *grant) bytes() int {
	n := 256 + 32*len(g.from)
	for _, rule := range g.rules {
		n += 40 + len(rule.Path)
	}
	return n
}

// A credential is a consumer key in memory, with what its client signed with last: the application and the base of the URL.
type credential struct {
	id, application int64
	holder          unique.Handle[holder]
	grant           *grant
	expiresAt       int64 // microseconds since 1970, 0 = never
	status          string
	app             atomic.Pointer[application]
	base            atomic.Int32
	noted           atomic.Bool  // its last use is to be written
	used            atomic.Int64 // microseconds since 1970
}

func newCredential(c *store.Credential) *credential {
	g := &grant{rules: c.Rules, from: c.AllowedIPs}
	h := sha256.New()
	fmt.Fprintf(h, "%q %q", c.Rules, c.AllowedIPs)
	h.Sum(g.sum[:0])
	cred := &credential{
		id: c.ID, application: c.ApplicationID, grant: g, status: c.Status,
		holder: unique.Make(holder{
			id: c.Account.ID, name: c.Account.Name, country: c.Account.Country, operator: c.Account.Operator, operatorRole: c.Account.OperatorRole,
			personID: c.Person.ID, person: c.Person.Name, role: c.Person.Role, personOperatorRole: c.Person.OperatorRole,
		}),
	}
	if word, ok := statuses[c.Status]; ok {
		cred.status = word
	}
	if !c.ExpiresAt.IsZero() {
		cred.expiresAt = c.ExpiresAt.UnixMicro()
	}
	return cred
}

// expires gives when the key ends, zero = never.
func (c *credential) expires() time.Time {
	if c.expiresAt == 0 {
		return time.Time{}
	}
	return time.UnixMicro(c.expiresAt)
}

// grants are those that the credentials of a cache share, under its lock.
type grants map[[sha256.Size]byte]*grant

// keeping has a credential share its grant with others.
func (all grants) keeping(c *credential) int {
	n := credentialBytes
	if shared := all[c.grant.sum]; shared != nil {
		c.grant = shared
	} else {
		all[c.grant.sum] = c.grant
		n += c.grant.bytes()
	}
	c.grant.keys++
	return n
}

// dropping forgets a grant with the last credential that has it.
func (all grants) dropping(c *credential) int {
	if c.grant.keys--; c.grant.keys > 0 {
		return credentialBytes
	}
	delete(all, c.grant.sum)
	return credentialBytes + c.grant.bytes()
}
