package app

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"ramier/internal/config"
	"ramier/internal/legacy"
	"ramier/internal/mail"
	"ramier/internal/sms"
	"ramier/internal/submit"
)

// openMail makes what sends mails, and the door that takes them.
func (a *App) openMail(s *submit.Submitter, m *metrics) {
	o := a.opts
	a.Mail = mail.New(mail.Config{Store: a.Store, Clock: o.Clock, Log: o.Log, Transport: o.Mail, Observe: m.mail})
	if o.Email2SMS == nil {
		return
	}
	c := *o.Email2SMS
	c.Store, c.Submit, c.Passwords, c.Now, c.Zone, c.Log, c.Observe = a.Store, s, a.passwords, o.Clock.Now, o.Zone, o.Log, m.letter
	c.Customers = a.limits.customers
	a.Email2SMS = legacy.NewEmail2SMS(c)
}

// closeMail answers the mails that are being taken; a slow client must not use up the time that the carriers need.
func (a *App) closeMail(ctx context.Context) error {
	if a.Email2SMS == nil {
		return nil
	}
	short, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return a.Email2SMS.Shutdown(short)
}

// mailsKept is how long mails are kept that were sent or given up.
const mailsKept = 30 * 24 * time.Hour

// MailTransport makes what hands mails to the server that the settings name, nil if they name none.
func MailTransport(m config.Mail) (*mail.SMTP, error) {
	if m.Host == "" {
		return nil, nil
	}
	return mail.NewSMTP(mail.Server{
		Host: m.Host, Port: m.Port, Security: m.Security, User: m.User, PasswordFile: m.PasswordFile, CAFile: m.CAFile, From: m.From, Hello: m.Hello,
	})
}

// mailOptions takes the settings of mails.
func mailOptions(o *Options, c config.Config) error {
	t, err := MailTransport(c.Mail)
	if err != nil {
		return err
	}
	if t != nil {
		o.Mail = t
	}
	e := c.Email2SMS
	if e.Listen == "" {
		return nil
	}
	m := &legacy.MailConfig{
		Hostname: e.Hostname, Domains: e.Domains, NeedTLS: e.RequireTLS, Senders: e.Senders, Reports: e.Reports, AuthHost: e.AuthHost, Size: e.Size,
		Connections: e.Connections, PerAddress: e.PerAddress, Rate: e.Rate, Timeout: e.Timeout,
	}
	for _, text := range e.Relays {
		block, err := sms.ParseBlock(text)
		if err != nil {
			return fmt.Errorf("email2sms.relays: %w", err)
		}
		m.Relays = append(m.Relays, block)
	}
	if e.TLSCert != "" {
		cert, err := tls.LoadX509KeyPair(e.TLSCert, e.TLSKey)
		if err != nil {
			return fmt.Errorf("email2sms.tls_cert and email2sms.tls_key: %w", err)
		}
		m.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	}
	o.Email2SMS = m
	return nil
}

// serveMail takes mails on a listener, if there is one.
func (d *doors) serveMail(a *App, l net.Listener, failed chan<- error) {
	if l == nil || a.Email2SMS == nil {
		return
	}
	d.serving.Go(func() {
		if err := a.Email2SMS.Serve(l); err != nil {
			failed <- err
		}
	})
}
