package config

import (
	"crypto/tls"
	"fmt"
	"net/mail"
	"net/netip"
	"os"
	"regexp"
	"strings"
)

var hostName = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$`)

func (m Mail) check(all *Problems) {
	oneOf(all, "mail.security", m.Security, "starttls", "tls", "none")
	if m.Host == "" {
		all.check(m.User == "" && m.PasswordFile == "" && m.From == "", "mail.host", "", "name the mail server, or leave out the other settings of [mail]")
		return
	}
	_, isAddress := netip.ParseAddr(m.Host)
	all.check(hostName.MatchString(m.Host) || isAddress == nil, "mail.host", m.Host, "give a host without its port, like smtp.example.org; mail.port has the port")
	_, err := mail.ParseAddress(m.From)
	all.check(err == nil, "mail.from", m.From, `give the address that mails come from, like sms@example.org or "SMS <sms@example.org>"`)
	all.check(m.Hello == "" || hostName.MatchString(m.Hello), "mail.hello", m.Hello, "give the name of this machine, like sms.example.org")
	all.check((m.User == "") == (m.PasswordFile == ""), "mail.password_file", m.PasswordFile, "name both mail.user and the file that holds the password, or neither")
	if m.PasswordFile != "" {
		info, err := os.Stat(m.PasswordFile)
		switch {
		case err != nil:
			all.check(false, "mail.password_file", m.PasswordFile, "there is no such file: write the password into it, and chmod 600")
		case info.Mode().Perm()&0o077 != 0:
			all.check(false, "mail.password_file", m.PasswordFile, "others may read it: chmod 600 %s", m.PasswordFile)
		}
	}
	if m.CAFile != "" {
		_, err := os.Stat(m.CAFile)
		all.check(err == nil, "mail.ca_file", m.CAFile, "there is no such file: correct the path")
	}
}

func (e Email2SMS) check(all *Problems) {
	oneOf(all, "email2sms.senders", e.Senders, "any", "verified")
	oneOf(all, "email2sms.reports", e.Reports, "verified", "always", "never")
	for _, domain := range e.Domains {
		all.check(hostName.MatchString(domain), "email2sms.domains", domain, "give what stands after the @ of the addresses, like email2sms.example.org")
	}
	for _, relay := range e.Relays {
		_, err := netip.ParsePrefix(relay)
		if !strings.Contains(relay, "/") {
			_, err = netip.ParseAddr(relay)
		}
		all.check(err == nil, "email2sms.relays", relay, "give addresses of your mail servers or blocks of them, like 10.0.0.25 or 10.0.0.0/8")
	}
	all.check(e.AuthHost == "" || len(e.Relays) > 0, "email2sms.auth_host", e.AuthHost, "name the addresses of that mail server, too (email2sms.relays): anybody can write such a header")
	if e.Listen == "" {
		return
	}
	all.check(isAddress(e.Listen), "email2sms.listen", e.Listen, "give host:port, like :25 for all addresses of this machine")
	all.check(len(e.Domains) > 0, "email2sms.domains", "", `name what stands after the @ of the addresses, like ["email2sms.example.org"]`)
	all.check(!e.RequireTLS || e.TLSCert != "", "email2sms.tls_cert", "", "name the certificate and its key (email2sms.tls_key), or leave out email2sms.require_tls")
	if e.TLSCert != "" || e.TLSKey != "" {
		_, err := tls.LoadX509KeyPair(e.TLSCert, e.TLSKey)
		all.check(err == nil, "email2sms.tls_cert", e.TLSCert, "it cannot be used with email2sms.tls_key: %s", fmt.Sprint(err))
	}
}
