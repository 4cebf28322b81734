package sandbox

import "net"

// mailDomain is that of the sandbox's addresses; mailDomains are all that it takes mails to, OVH's among them, so that a program needs
// another server only.
const mailDomain = "email2sms.localhost"

var mailDomains = []string{mailDomain, "localhost", "ovh.net", "email2sms.ovh.net"}

const (
	// mailFrom is who the sandbox's mails come from. They stay in its mailbox.
	mailFrom = "Ramier Sandbox <sandbox@email2sms.localhost>"
	// mailRate and mailClients are higher than a server's: all programs of a test come from one address.
	mailRate    = 6000
	mailClients = 100
)

func (s *Sandbox) serveMail(l net.Listener) {
	s.serving.Go(func() {
		if err := s.App.Email2SMS.Serve(l); err != nil {
			s.log.Error("the SMTP server has ended", "error", err)
		}
	})
}
