package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"ramier/internal/sms"
)

// How the connection to a mail server is secured.
const (
	STARTTLS = "starttls" // the connection becomes secure, or nothing is sent
	TLS      = "tls"      // it is from the beginning
	Plain    = "none"     // it is not: for a server on this machine or in one's own network
)

// Server says which mail server takes mails, and how.
type Server struct {
	Host     string
	Port     int
	Security string // one of STARTTLS, TLS, Plain
	User     string // empty = no authentication
	// PasswordFile holds the password; it is read before each connection, so that a new one counts at once.
	PasswordFile string
	CAFile       string // certificates that sign the server's, in PEM; empty = the system's
	From         string // an address, or "Name <address>"
	Hello        string // name of this machine; empty = its host name
}

// commandTime is how long the server may take for a step.
const commandTime = 30 * time.Second

// SMTP hands mails to a mail server.
type SMTP struct{ server Server }

// NewSMTP makes a Transport to a server. Error: a From that is no address.
func NewSMTP(s Server) (*SMTP, error) {
	if _, err := newMessage(sms.Mail{To: "postmaster@localhost"}, s.From); err != nil {
		return nil, err
	}
	return &SMTP{s}, nil
}

// Deliver sends mails over one connection.
func (t *SMTP) Deliver(ctx context.Context, all []sms.Mail) []error {
	errs := make([]error, len(all))
	fill := func(err error) []error {
		for i := range errs {
			errs[i] = err
		}
		return errs
	}
	client, err := t.client(ctx)
	if err != nil {
		return fill(err)
	}
	connection, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return fill(fmt.Errorf("the mail server %s: %w", client.ServerAddr(), err))
	}
	defer context.AfterFunc(ctx, func() { _ = connection.Text.Close() })() // which ends what waits for an answer
	for i, m := range all {
		if ctx.Err() != nil {
			errs[i] = ctx.Err()
			continue
		}
		_ = connection.UpdateDeadline(commandTime) // the connection shows it if it is gone
		errs[i] = t.deliver(client, m, func(msg *mail.Msg) error { return client.SendWithSMTPClient(connection, msg) })
	}
	_ = client.CloseWithSMTPClient(connection) // what was taken is taken
	return errs
}

func (t *SMTP) deliver(client *mail.Client, m sms.Mail, send func(*mail.Msg) error) error {
	msg, err := newMessage(m, t.server.From)
	if err != nil {
		return &FinalError{err}
	}
	err = send(msg)
	if err == nil || msg.IsDelivered() { // it may fail to begin anew after that
		return nil
	}
	// A refusal with a code of 500 and more is final; without a code there was no answer.
	if e, ok := errors.AsType[*mail.SendError](err); ok && e.ErrorCode() >= 500 && !e.IsTemp() {
		return &FinalError{fmt.Errorf("the mail server %s refuses the mail: %w", client.ServerAddr(), e)}
	}
	return err
}

// Check connects and signs in without sending anything.
func (t *SMTP) Check(ctx context.Context) error {
	client, err := t.client(ctx)
	if err != nil {
		return err
	}
	connection, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return err
	}
	return client.CloseWithSMTPClient(connection)
}

func (t *SMTP) client(ctx context.Context) (*mail.Client, error) {
	s := t.server
	tlsConfig := &tls.Config{ServerName: s.Host, MinVersion: tls.VersionTLS12}
	if s.CAFile != "" {
		pem, err := os.ReadFile(s.CAFile)
		if err != nil {
			return nil, fmt.Errorf("mail.ca_file: %w", err)
		}
		tlsConfig.RootCAs = x509.NewCertPool()
		if !tlsConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("mail.ca_file = %q: there is no certificate in PEM in it", s.CAFile)
		}
	}
	options := []mail.Option{
		mail.WithPort(s.Port), mail.WithTimeout(commandTime), mail.WithoutNoop(), mail.WithoutSMTPUTF8(),
		mail.WithTLSConfig(tlsConfig),
	}
	policy := mail.NoTLS
	if s.Security == STARTTLS {
		policy = mail.TLSMandatory
	}
	options = append(options, mail.WithTLSPolicy(policy))
	if s.Security == TLS {
		options = append(options, mail.WithSSL())
	}
	if s.Hello != "" {
		options = append(options, mail.WithHELO(s.Hello))
	}
	if s.User != "" {
		password, err := os.ReadFile(s.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("mail.password_file: %w", err)
		}
		options = append(options, mail.WithUsername(s.User), mail.WithPassword(strings.TrimRight(string(password), "\r\n")), mail.WithSMTPAuth(auth(s)))
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return mail.NewClient(s.Host, options...)
}

// auth takes the best way that the server offers; only on a connection that is not secure the password may go as it is.
func auth(s Server) mail.SMTPAuthType {
	if s.Security == Plain {
		return mail.SMTPAuthPlainNoEnc
	}
	return mail.SMTPAuthAutoDiscover
}
