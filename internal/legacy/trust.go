package legacy

import (
	"context"
	"io"
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-message"
	"github.com/emersion/go-msgauth/authres"
	"github.com/emersion/go-msgauth/dkim"

	"ramier/internal/sms"
	"ramier/internal/spf"
	"ramier/internal/submit"
)

// automaticSign tells by what a mail shows that a program has written it in answer to another, or to many; empty if by nothing.
func automaticSign(h *message.Header) string {
	// "auto-submitted: no" may have parameters after it.
	said, _, _ := strings.Cut(h.Get("Auto-Submitted"), ";")
	if said = strings.TrimSpace(said); said != "" && !strings.EqualFold(said, "no") {
		return "Auto-Submitted: " + said
	}
	for _, p := range h.Values("Precedence") {
		switch p = strings.ToLower(strings.TrimSpace(p)); p {
		case "bulk", "junk", "list", "auto_reply":
			return "Precedence: " + p
		}
	}
	for _, name := range []string{"List-Id", "X-Autoreply", "X-Autorespond"} {
		if h.Has(name) {
			return name
		}
	}
	return ""
}

const (
	maxSignatures = 3
	lookupTime    = 5 * time.Second // for the key of one
)

// read reads the mail, and meanwhile checks its DKIM signatures if they matter. signed are the domains that have signed it.
func (s *session) read(ctx context.Context, r io.Reader) (l *letter, signed []string, err error) {
	matters := s.e.cfg.Senders == Verified || s.e.cfg.Reports == Verified
	if !matters || s.e.crowd.relays(s.line.ip) {
		l, err = readLetter(r)
		return l, nil, err
	}
	copied, copying := io.Pipe()
	checked := make(chan []string, 1)
	go func() {
		domains := s.signatures(ctx, copied)
		_, _ = io.Copy(io.Discard, copied) // it may know before the end
		checked <- domains
	}()
	l, err = readLetter(io.TeeReader(r, copying))
	_ = copying.CloseWithError(err)
	return l, <-checked, err
}

// signatures gives the domains whose signatures are right.
func (s *session) signatures(ctx context.Context, r io.Reader) (domains []string) {
	defer func() {
		if cause := recover(); cause != nil {
			s.e.cfg.Log.Error("email2sms: a signature could not be checked", "cause", cause)
			domains = nil
		}
	}()
	all, err := dkim.VerifyWithOptions(r, &dkim.VerifyOptions{
		MaxVerifications: maxSignatures,
		LookupTXT: func(domain string) ([]string, error) {
			ctx, cancel := context.WithTimeout(ctx, lookupTime)
			defer cancel()
			return s.e.cfg.Resolver.LookupTXT(ctx, domain)
		},
	})
	if err != nil && len(all) == 0 {
		return nil
	}
	for _, v := range all {
		if v.Err == nil {
			domains = append(domains, strings.ToLower(v.Domain))
		}
	}
	return domains
}

// sender gives the address that the mail is proven to come from: that of the envelope, or that of the header From; empty if neither
// is.
func (s *session) sender(l *letter, signed []string) string {
	envelope, written := s.from, ""
	if all, err := mail.ParseAddressList(l.header.Get("From")); err == nil && len(all) == 1 {
		written = all[0].Address
	}
	if !sms.IsMailAddress(envelope) {
		envelope = ""
	}
	if !sms.IsMailAddress(written) {
		written = ""
	}
	var byEnvelope, byFrom bool
	for _, domain := range signed {
		byEnvelope = byEnvelope || belongs(envelope, domain)
		byFrom = byFrom || belongs(written, domain)
	}
	if s.e.crowd.relays(s.line.ip) && s.e.cfg.AuthHost != "" {
		byEnvelope, byFrom = s.results(l, envelope, written)
	}
	switch {
	case byEnvelope && envelope != "":
		return envelope
	case byFrom && written != "":
		return written
	}
	return ""
}

// spfTime is how long the names that SPF leads to are looked up.
const spfTime = 10 * time.Second

// bySPF gives the address of the envelope if its domain lets the client send for it, empty if not. Nothing can be said of what one of our own
// mail servers hands on. Error: Unavailable, when names cannot be looked up.
func (s *session) bySPF(ctx context.Context) (string, error) {
	if !sms.IsMailAddress(s.from) || s.e.crowd.relays(s.line.ip) {
		return "", nil
	}
	ctx, cancel := context.WithTimeout(ctx, spfTime)
	defer cancel()
	helo := ""
	if s.conn != nil {
		helo = s.conn.Hostname()
	}
	switch spf.Check(ctx, s.e.cfg.Resolver, spf.Client{IP: s.line.ip, HELO: helo, Sender: s.from}) {
	case spf.Pass:
		return s.from, nil
	case spf.TempError:
		return "", sms.Errorf(sms.Unavailable, "What the sender's domain says about SPF cannot be looked up now: come again")
	}
	return "", nil
}

// results reads what our own mail server has found out: the first header of its name, which it has put above all others.
func (s *session) results(l *letter, envelope, written string) (byEnvelope, byFrom bool) {
	for _, value := range l.header.Values("Authentication-Results") {
		host, results, err := authres.Parse(value)
		if err != nil || !strings.EqualFold(host, s.e.cfg.AuthHost) {
			continue
		}
		for _, r := range results {
			switch r := r.(type) {
			case *authres.SPFResult:
				byEnvelope = byEnvelope || r.Value == authres.ResultPass && belongs(envelope, domainOf(r.From))
			case *authres.DKIMResult:
				domain := r.Domain
				if domain == "" {
					domain = domainOf(r.Identifier)
				}
				byEnvelope = byEnvelope || r.Value == authres.ResultPass && belongs(envelope, domain)
				byFrom = byFrom || r.Value == authres.ResultPass && belongs(written, domain)
			case *authres.DMARCResult:
				byFrom = byFrom || r.Value == authres.ResultPass && belongs(written, domainOf(r.From))
			}
		}
		return byEnvelope, byFrom
	}
	return false, false
}

// domainOf gives what follows the @, or all.
func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }

// belongs tells whether a domain speaks for an address: it is the address's own, or one above it that is not the top.
func belongs(address, domain string) bool {
	own := strings.ToLower(domainOf(address))
	domain = strings.ToLower(strings.TrimSuffix(domain, "."))
	return domain != "" && address != "" && (own == domain || strings.Contains(domain, ".") && strings.HasSuffix(own, "."+domain))
}

// report answers the mail by one to its sender, if that is who he says.
func (s *session) report(ctx context.Context, l *letter, back string, service *sms.Service, user sms.User, r submit.Report, key string) {
	cfg := &s.e.cfg
	if cfg.Reports == Always && sms.IsMailAddress(s.from) {
		back = s.from
	}
	if cfg.Reports == Verified && back == "" && cfg.Store.SendsMail() {
		back, _ = s.bySPF(ctx) // the messages are accepted: without an answer there is no report
	}
	own := strings.ToLower(domainOf(back))
	if cfg.Reports == Never || back == "" || !cfg.Store.SendsMail() || slices.Contains(cfg.Domains, own) {
		return
	}
	receipt := sms.MailReceipt{User: user.Login, IDs: r.IDs, Valid: r.Valid, Invalid: r.Invalid, Credits: r.Credits, DueAt: r.DueAt}
	left, err := leftOf(ctx, cfg.Store, service.ID, user)
	if err == nil {
		receipt.Left = left.String()
		m := sms.ReportMail(service, back, receipt, cfg.Zone)
		m.CreatedAt, m.InReplyTo = cfg.Now(), l.header.Get("Message-Id")
		if key != "" {
			m.Key = "report " + key
		}
		err = cfg.Store.AddMail(ctx, m.Fit())
	}
	if err != nil {
		// The messages are accepted: an error would have them sent again.
		cfg.Log.Error("email2sms: a report could not be written", "service", service.Name, "error", err)
	}
}
